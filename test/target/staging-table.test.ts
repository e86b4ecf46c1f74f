import assert from 'node:assert/strict';
import test from 'node:test';
import { BatchBuilder } from '../../src/batch/batch-builder.js';
import type { ColumnBatch } from '../../src/batch/column-batch.js';
import type { TablePlan } from '../../src/model/column-plan.js';
import { RowDecoder } from '../../src/source/rows/row-decoder.js';
import type { Database } from '../../src/target/database.js';
import { createTable, qualifiedName } from '../../src/target/ddl.js';
import { InsertWriter } from '../../src/target/insert-writer.js';
import { StagingLanes } from '../../src/target/staging-lanes.js';
import { StagingTable, type StagingTableOptions } from '../../src/target/staging-table.js';
import { tableOf } from '../batch/built-column.js';
import { lengthEncoded, rowPacket } from '../batch/wire.js';
import { TempDatabase } from './temp-database.js';

const PLAN = tableOf(['int', 'varchar(100)', 'blob', 'vector(3)'], [0]);
const CAPACITY = 2048;

/** Rows as a server sends them: texts around the 12 bytes that DuckDB keeps inline, and NULLs. */
function packet(id: number): Buffer {
  const number = Buffer.alloc(4);
  number.writeInt32LE(id);
  const text = id % 7 === 0 ? null : lengthEncoded(textOf(id));
  const blob = id % 5 === 0 ? null : lengthEncoded(Buffer.from([id & 0xff, 0, 0xff]));
  const floats = Buffer.from(Float32Array.of(id, -id, 0.5).buffer);
  return rowPacket([number, text, blob, id % 3 === 0 ? null : lengthEncoded(floats)]);
}

function textOf(id: number): string {
  return 'ä'.repeat(id % 20) + String(id);
}

/** The rows `from` to `to` in batches of `CAPACITY`. */
function batchesOf(plan: TablePlan, from: number, to: number): ColumnBatch[] {
  const builder = new BatchBuilder(plan.columns, CAPACITY);
  const decoder = new RowDecoder(plan, builder);
  const batches: ColumnBatch[] = [];
  for (let id = from; id < to; id++) {
    decoder.decode(packet(id), 0);
    if (builder.isFull) batches.push(builder.take());
  }
  if (builder.rows > 0) batches.push(builder.take());
  return batches;
}

/** A staging table `t` and what it has told. */
class Staging {
  readonly consumed = new Map<ColumnBatch, number>();
  written = 0;

  private constructor(
    readonly table: StagingTable,
    private readonly database: Database,
  ) {}

  static async open(
    database: Database,
    lanes: StagingLanes,
    options: Partial<StagingTableOptions> = {},
  ): Promise<Staging> {
    await createTable(database, 'main', 't', PLAN.columns);
    const staging: Staging = new Staging(
      new StagingTable(lanes, {
        catalog: database.catalog,
        schema: 'main',
        name: 't',
        columns: PLAN.columns,
        create: () => database.columnTypes(qualifiedName(database, 'main', 't')),
        estimatedRows: 1_000_000,
        flushRows: 10_000,
        flushBytes: 8 * 1024 * 1024,
        onConsumed: (batch) => {
          staging.consumed.set(batch, (staging.consumed.get(batch) ?? 0) + 1);
        },
        onWritten: (rows) => {
          staging.written += rows;
        },
        beforeFlush: () => Promise.resolve(),
        ...options,
      }),
      database,
    );
    return staging;
  }

  append(batches: readonly ColumnBatch[]): void {
    for (const batch of batches) this.table.append(batch);
  }

  /** Every batch has been given back, and none twice. */
  assertAllConsumed(batches: readonly ColumnBatch[]): void {
    assert.deepEqual(
      batches.map((batch) => this.consumed.get(batch)),
      batches.map(() => 1),
    );
    assert.equal(this.consumed.size, batches.length);
  }

  async count(): Promise<number> {
    const [{ n }] = await this.database.rows('SELECT count(*)::INTEGER AS n FROM t');
    return Number(n);
  }
}

async function assertRows(database: Database, rows: number): Promise<void> {
  const wrong = await database.rows(
    `SELECT * FROM t WHERE
       c1 IS DISTINCT FROM CASE WHEN c0 % 7 <> 0 THEN repeat('ä', c0 % 20) || c0 END
       OR c2 IS DISTINCT FROM
         CASE WHEN c0 % 5 <> 0 THEN unhex(printf('%02X', c0 & 255)) || '\\x00\\xFF'::BLOB END
       OR c3 IS DISTINCT FROM CASE WHEN c0 % 3 <> 0 THEN [c0, -c0, 0.5]::FLOAT[] END
     LIMIT 3`,
  );
  assert.deepEqual(wrong, []);
  assert.deepEqual(
    await database.rows(
      'SELECT count(*)::INTEGER AS n, count(DISTINCT c0)::INTEGER AS ids, max(c0) AS last FROM t',
    ),
    [{ n: rows, ids: rows, last: rows - 1 }],
  );
}

/** Below and above what the Appender takes, with whole and broken batches, flushes and row groups. */
for (const rows of [1, 64, 2048, 2049, 9_999, 40_000, 130_000]) {
  test(`${rows} rows are in the table once it is finished, and not before`, async () => {
    await using temp = await TempDatabase.open();
    const { database } = temp;
    await using lanes = await StagingLanes.open(database);
    const staging = await Staging.open(database, lanes);
    const batches = batchesOf(PLAN, 0, rows);
    staging.append(batches);
    assert.equal(await staging.count(), 0);
    await staging.table.finish();
    assert.equal(staging.written, rows);
    staging.assertAllConsumed(batches);
    await assertRows(database, rows);
  });
}

test('a table without rows is finished at once', async () => {
  await using temp = await TempDatabase.open();
  await using lanes = await StagingLanes.open(temp.database);
  const staging = await Staging.open(temp.database, lanes);
  await staging.table.finish();
  assert.equal(await staging.count(), 0);
});

test('a flush that fails makes the table fail, and every batch comes back', async () => {
  await using temp = await TempDatabase.open();
  const { database } = temp;
  await using lanes = await StagingLanes.open(database);
  let flushes = 0;
  const staging = await Staging.open(database, lanes, {
    beforeFlush: () => (++flushes === 3 ? Promise.reject(new Error('refused')) : Promise.resolve()),
  });
  const batches = batchesOf(PLAN, 0, 60_000);
  staging.append(batches);
  await assert.rejects(staging.table.finish(), /^Error: refused$/);
  assert.equal(staging.table.hasFailed, true);
  const late = batchesOf(PLAN, 60_000, 61_000);
  staging.append(late);
  await staging.table.abandon();
  staging.assertAllConsumed([...batches, ...late]);
  assert.equal(await staging.count(), 0);
});

test('an abandoned table is empty, and its lanes serve the next one', async () => {
  await using temp = await TempDatabase.open();
  const { database } = temp;
  await using lanes = await StagingLanes.open(database);
  const staging = await Staging.open(database, lanes);
  const batches = batchesOf(PLAN, 0, 50_000);
  staging.append(batches);
  await staging.table.abandon();
  staging.assertAllConsumed(batches);
  assert.equal(await staging.count(), 0);
  await database.run('DROP TABLE t');
  const next = await Staging.open(database, lanes);
  next.append(batchesOf(PLAN, 0, 50_000));
  await next.table.finish();
  await assertRows(database, 50_000);
});

test('a mistake of DuckDB’s is the table’s failure', async () => {
  await using temp = await TempDatabase.open();
  const { database } = temp;
  await using lanes = await StagingLanes.open(database);
  const staging = await Staging.open(database, lanes);
  await database.run('DROP TABLE t');
  const batches = batchesOf(PLAN, 0, 20_000);
  staging.append(batches);
  await assert.rejects(staging.table.finish(), /t does not exist/);
  await staging.table.abandon();
  staging.assertAllConsumed(batches);
});

test('lanes can be opened again for the same file', async () => {
  await using temp = await TempDatabase.open();
  const { database } = temp;
  for (const round of [1, 2]) {
    await using lanes = await StagingLanes.open(database);
    const staging = await Staging.open(database, lanes);
    staging.append(batchesOf(PLAN, 0, 30_000 * round));
    await staging.table.finish();
    await assertRows(database, 30_000 * round);
    await database.run('DROP TABLE t');
  }
  assert.deepEqual(await database.rows(`SELECT current_setting('threads')::INTEGER AS n`), [
    { n: database.threads },
  ]);
});

test('INSERT statements write the same rows', async () => {
  await using temp = await TempDatabase.open();
  const { database } = temp;
  await createTable(database, 'main', 't', PLAN.columns);
  const writer = new InsertWriter(database, 'main', 't', PLAN.columns, 700);
  for (const batch of batchesOf(PLAN, 0, 5000)) await writer.write(batch);
  await assertRows(database, 5000);
});
