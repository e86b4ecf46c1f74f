import assert from 'node:assert/strict';
import test from 'node:test';
import type { ColumnBatch } from '../../src/batch/column-batch.js';
import { planTable } from '../../src/model/column-plan.js';
import { readCatalog } from '../../src/source/catalog.js';
import { openSession } from '../../src/source/connect.js';
import { type Reader, ReaderPool } from '../../src/source/reader-pool.js';
import type { ReaderTable } from '../../src/source/reader-protocol.js';
import {
  metadataLockWait,
  noOtherConnections,
  sendingConnections,
} from '../e2e/support/source-processes.js';
import { addTextTable } from '../e2e/support/text-table.js';
import { TestSource } from '../helpers/test-source.js';
import { endpointOf } from './test-account.js';

const KIB = 1024;
const WINDOW_BYTES = 1024 * KIB;

async function openPool(source: TestSource, count: number): Promise<ReaderPool> {
  return ReaderPool.open({ endpoint: endpointOf(source.url), count, windowBytes: WINDOW_BYTES });
}

async function readerTable(source: TestSource, name: string): Promise<ReaderTable> {
  await using session = await openSession(endpointOf(source.url));
  const schema = (await readCatalog(session, source.database)).find((one) => one.name === name);
  assert.ok(schema);
  const types = { tinyint1As: 'boolean', timeAs: 'time', timestampAs: 'timestamp' } as const;
  return { copyId: name, plan: planTable(schema, types), capacity: 64 };
}

/** Reads all of it, giving every batch back at once; returns the rows. */
async function readAll(reader: Reader, table: ReaderTable, sql: string): Promise<number> {
  let rows = 0;
  const take = (batch: ColumnBatch): void => {
    rows += batch.rows;
    reader.recycle(batch, batch.fixed.byteLength + batch.heap.byteLength);
  };
  await reader.readChunk(table, sql, take);
  await reader.flush();
  return rows;
}

test('readers keep the snapshot of its beginning, whatever is written later', async () => {
  await using source = await TestSource.open('mysql');
  await addTextTable(source, { name: 'texts', rows: 1000, bytes: 64 });
  const table = await readerTable(source, 'texts');
  await using pool = await openPool(source, 2);
  for (const reader of pool.readers) await reader.beginSnapshot();
  await source.run('DELETE FROM texts WHERE id > 10');
  for (const reader of pool.readers) {
    assert.equal(await readAll(reader, table, 'SELECT id, v FROM texts'), 1000);
    // The same statement once more, which is prepared anew.
    assert.equal(await readAll(reader, table, 'SELECT id, v FROM texts'), 1000);
  }
});

test('a statement that the server refuses leaves the reader and its snapshot alone', async () => {
  await using source = await TestSource.open('mysql');
  await addTextTable(source, { name: 'texts', rows: 100, bytes: 64 });
  const table = await readerTable(source, 'texts');
  await using pool = await openPool(source, 1);
  const [reader] = pool.readers;
  await reader.beginSnapshot();
  await source.run('DELETE FROM texts');
  const take = (): void => undefined;
  await assert.rejects(reader.readChunk(table, 'SELECT id, w FROM texts', take), {
    code: 'table-changed',
  });
  await assert.rejects(reader.readChunk(table, 'SELECT id, v FROM texts WHERE', take), {
    code: 'table-failed',
  });
  assert.equal(reader.isAlive, true);
  assert.equal(await readAll(reader, table, 'SELECT id, v FROM texts'), 100);
});

/** Keeps the batches of a reader, which stops when they fill its window. */
class HeldBatches implements Disposable {
  rows = 0;
  readonly full: Promise<void>;
  private bytes = 0;
  private readonly held: Parameters<Reader['recycle']>[] = [];
  private fill: () => void = () => undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly reader: Reader) {
    this.full = new Promise((resolve) => (this.fill = resolve));
  }

  readonly take = (batch: ColumnBatch): void => {
    const bytes = batch.fixed.byteLength + batch.heap.byteLength;
    this.held.push([batch, bytes]);
    this.rows += batch.rows;
    this.bytes += bytes;
    if (this.bytes >= WINDOW_BYTES) this.fill();
  };

  /** From now on gives back what comes. */
  release(): void {
    this.timer = setInterval(() => {
      for (const [batch, bytes] of this.held.splice(0)) this.reader.recycle(batch, bytes);
    }, 1);
  }

  [Symbol.dispose](): void {
    clearInterval(this.timer);
  }
}

test('a reader whose window is full waits until batches come back', async () => {
  await using source = await TestSource.open('mysql');
  await addTextTable(source, { name: 'texts', rows: 2000, bytes: 16 * KIB });
  const table = await readerTable(source, 'texts');
  await using pool = await openPool(source, 1);
  const [reader] = pool.readers;
  await reader.beginSnapshot();
  using batches = new HeldBatches(reader);
  const reading = reader.readChunk(table, 'SELECT id, v FROM texts', batches.take);
  await batches.full;
  const heldRows = batches.rows;
  // It could have sent all the rest by then.
  await readAllElsewhere(source, table);
  // At most what was under way when the window was full.
  const { rows } = batches;
  assert.ok(rows <= heldRows + 2 * table.capacity, `${rows} after ${heldRows}`);
  batches.release();
  await reading;
  await reader.flush();
  assert.equal(batches.rows, 2000);
});

test('a window that is full between two chunks does not keep the next one from being read', async () => {
  await using source = await TestSource.open('mysql');
  await addTextTable(source, { name: 'texts', rows: 20, bytes: 64 });
  const table = await readerTable(source, 'texts');
  const endpoint = endpointOf(source.url);
  await using pool = await ReaderPool.open({ endpoint, count: 1, windowBytes: 1 });
  const [reader] = pool.readers;
  await reader.beginSnapshot();
  using batches = new HeldBatches(reader);
  for (const rows of [20, 40]) {
    await reader.readChunk(table, 'SELECT id, v FROM texts', batches.take);
    await reader.flush();
    assert.equal(batches.rows, rows);
  }
});

async function readAllElsewhere(source: TestSource, table: ReaderTable): Promise<void> {
  await using pool = await openPool(source, 1);
  const [reader] = pool.readers;
  await reader.beginSnapshot();
  assert.equal(await readAll(reader, table, 'SELECT id, v FROM texts'), 2000);
}

test('a reader does not wait for long behind the lock of another one', async () => {
  await using source = await TestSource.open('mysql');
  await addTextTable(source, { name: 'texts', rows: 10, bytes: 64 });
  const table = await readerTable(source, 'texts');
  await using pool = await openPool(source, 1);
  const [reader] = pool.readers;
  await reader.beginSnapshot();
  await source.run('LOCK TABLES texts WRITE');
  try {
    const startedAt = performance.now();
    const reading = reader.readChunk(table, 'SELECT id, v FROM texts', () => undefined);
    await assert.rejects(reading, { code: 'source-unavailable', message: /[Ll]ock wait timeout/ });
    const seconds = (performance.now() - startedAt) / 1000;
    assert.ok(seconds > 5 && seconds < 20, `${seconds} s`);
  } finally {
    await source.run('UNLOCK TABLES');
  }
});

test('a connection that is killed ends its reader, and no other', async () => {
  await using source = await TestSource.open('mysql');
  await addTextTable(source, { name: 'texts', rows: 2000, bytes: 16 * KIB });
  const table = await readerTable(source, 'texts');
  await using pool = await openPool(source, 2);
  const [first, second] = pool.readers;
  for (const reader of pool.readers) await reader.beginSnapshot();
  using batches = new HeldBatches(first);
  const reading = first.readChunk(table, 'SELECT id, v FROM texts', batches.take);
  await batches.full;
  const [id] = await sendingConnections(source, 1);
  await source.run(`KILL ${id}`);
  batches.release();
  await assert.rejects(reading, { code: 'source-unavailable' });
  assert.equal(first.isAlive, false);
  await assert.rejects(readAll(first, table, 'SELECT id, v FROM texts'), { code: 'worker-lost' });
  assert.equal(await readAll(second, table, 'SELECT id, v FROM texts'), 2000);
});

test('closing the pool ends readers in the middle of a chunk and of a wait', async () => {
  await using source = await TestSource.open('mysql');
  await addTextTable(source, { name: 'texts', rows: 2000, bytes: 16 * KIB });
  await source.run('CREATE TABLE locked (id INT PRIMARY KEY)');
  const [texts, locked] = [await readerTable(source, 'texts'), await readerTable(source, 'locked')];
  {
    await using pool = await openPool(source, 3);
    const [first, second] = pool.readers;
    for (const reader of pool.readers) await reader.beginSnapshot();
    const take = (): void => undefined;
    const readings = [first.readChunk(texts, 'SELECT id, v FROM texts', take)];
    await sendingConnections(source, 1);
    await source.run('LOCK TABLES locked WRITE');
    readings.push(second.readChunk(locked, 'SELECT id FROM locked', take));
    await metadataLockWait(source);
    const closing = pool[Symbol.asyncDispose]();
    for (const reading of readings) await assert.rejects(reading, { code: 'aborted' });
    await closing;
    await source.run('UNLOCK TABLES');
  }
  await noOtherConnections(source);
});

test('a pool that can’t connect throws and leaves no connection', async () => {
  await using source = await TestSource.open('mysql');
  const endpoint = { ...endpointOf(source.url), password: 'wrong' };
  await assert.rejects(ReaderPool.open({ endpoint, count: 3, windowBytes: WINDOW_BYTES }), {
    code: 'source-unsuitable',
  });
});
