import assert from 'node:assert/strict';
import test from 'node:test';
import type { MysqlEndpoint } from '../../src/model/mysql-endpoint.js';
import type { TableSchema } from '../../src/model/table-schema.js';
import { readCatalog } from '../../src/source/catalog.js';
import { openSession } from '../../src/source/connect.js';
import { ReaderPool } from '../../src/source/reader-pool.js';
import { openSnapshot, type Snapshot } from '../../src/source/snapshot-barrier.js';
import { metadataLockWait } from '../e2e/support/source-processes.js';
import { TestSource } from '../helpers/test-source.js';
import { endpointOf, TestAccount } from './test-account.js';

const READERS = 3;

/** What a snapshot came to, its readers being closed. */
interface Opened extends Omit<Snapshot, 'readers' | 'clock'> {
  readonly readers: number;
}

async function tablesOf(source: TestSource): Promise<TableSchema[]> {
  await using session = await openSession(endpointOf(source.url));
  return await readCatalog(session, source.database);
}

async function open(
  endpoint: MysqlEndpoint,
  tables: readonly TableSchema[],
  signal = new AbortController().signal,
): Promise<Opened> {
  await using pool = await ReaderPool.open({ endpoint, count: READERS, windowBytes: 1024 });
  const opened = await openSnapshot(endpoint, pool.readers, tables, signal);
  const { readers, clock, ...rest } = opened;
  assert.match(clock.utc, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/);
  return { ...rest, readers: readers.length };
}

async function makeTables(source: TestSource): Promise<void> {
  await source.run('CREATE TABLE one (id INT PRIMARY KEY)', 'CREATE TABLE two LIKE one');
}

for (const flavour of ['mysql', 'mariadb'] as const) {
  test(`${flavour}: all readers see one snapshot with its position, and nothing stays locked`, async () => {
    await using source = await TestSource.open(flavour);
    await makeTables(source);
    const endpoint = endpointOf(source.url);
    await using pool = await ReaderPool.open({ endpoint, count: READERS, windowBytes: 1024 });
    const { signal } = new AbortController();
    const tables = await tablesOf(source);
    const snapshot = await openSnapshot(endpoint, pool.readers, tables, signal);
    assert.equal(snapshot.readers.length, READERS);
    assert.equal(snapshot.restriction, null);
    assert.match(snapshot.checkpoint?.file ?? '', /^binlog\.\d{6}$/);
    assert.ok((snapshot.checkpoint?.position ?? 0) > 0);
    assert.match(
      snapshot.checkpoint?.gtidSet ?? '',
      flavour === 'mysql' ? /^[0-9a-f-]{36}:1-\d+/ : /^0-\d+-\d+$/,
    );
    await source.run('SET SESSION lock_wait_timeout = 1', 'INSERT INTO one VALUES (1)');
    await source.run('ALTER TABLE two ADD COLUMN v INT');
  });

  test(`${flavour}: without LOCK TABLES there is one reader, and the GRANT is named`, async () => {
    await using source = await TestSource.open(flavour);
    await makeTables(source);
    await using account = await TestAccount.open(source, [`SELECT ON ${source.database}.*`]);
    const opened = await open(account.endpoint, await tablesOf(source));
    assert.deepEqual(opened, {
      readers: 1,
      // Its file and position are not told to this account.
      checkpoint: null,
      unlocked: { settledAt: null, preparedXids: flavour === 'mysql' ? null : [] },
      restriction: {
        message:
          'the LOCK TABLES privilege is missing: reading with one reader instead of in parallel',
        hint: `GRANT LOCK TABLES ON \`${source.database}\`.* TO '${account.user}'@'%';`,
      },
    });
  });

  test(`${flavour}: a table that may not be read does not hinder the lock of the others`, async () => {
    await using source = await TestSource.open(flavour);
    await makeTables(source);
    const { database } = source;
    await using account = await TestAccount.open(source, [
      `LOCK TABLES ON ${database}.*`,
      `SELECT ON ${database}.one`,
      `INSERT ON ${database}.two`,
    ]);
    const opened = await open(account.endpoint, await tablesOf(source));
    assert.equal(opened.readers, READERS);
    assert.equal(opened.restriction, null);
    const none = await open(
      account.endpoint,
      (await tablesOf(source)).filter(({ name }) => name === 'two'),
    );
    assert.equal(none.restriction, null);
  });

  test(`${flavour}: an account that may not see the binlog gets no position`, async () => {
    await using source = await TestSource.open(flavour);
    await makeTables(source);
    await using account = await TestAccount.open(source, [
      `SELECT, LOCK TABLES ON ${source.database}.*`,
    ]);
    const opened = await open(account.endpoint, await tablesOf(source));
    const expected = { readers: READERS, checkpoint: null, unlocked: null, restriction: null };
    assert.deepEqual(opened, expected);
  });

  test(`${flavour}: a transaction that is open is waited for`, async () => {
    await using source = await TestSource.open(flavour);
    await makeTables(source);
    const tables = await tablesOf(source);
    await source.run('BEGIN', 'INSERT INTO one VALUES (1)');
    const opening = open(endpointOf(source.url), tables);
    await metadataLockWait(source);
    await source.run('COMMIT');
    const opened = await opening;
    assert.equal(opened.readers, READERS);
    assert.notEqual(opened.checkpoint, null);
  });

  test(`${flavour}: a table that is gone makes the plan be made again`, async () => {
    await using source = await TestSource.open(flavour);
    await makeTables(source);
    const tables = await tablesOf(source);
    await source.run('DROP TABLE two');
    await assert.rejects(open(endpointOf(source.url), tables), { code: 'table-changed' });
  });
}

test('where writers never pause, one reader has to do, and the operator learns why', async () => {
  await using source = await TestSource.open('mysql');
  await makeTables(source);
  const tables = await tablesOf(source);
  await source.run('BEGIN', 'INSERT INTO one VALUES (1)');
  const opened = await open(endpointOf(source.url), tables);
  const { readers, checkpoint, unlocked, restriction } = opened;
  await source.run('COMMIT');
  assert.equal(readers, 1);
  assert.match(checkpoint?.gtidSet ?? '', /:/);
  assert.equal(unlocked?.settledAt?.gtidSet, checkpoint?.gtidSet);
  assert.match(restriction?.message ?? '', /^no moment without open write transactions was found/);
  assert.match(restriction?.hint ?? '', /SHOW PROCESSLIST/);
});

test('a stop ends the wait for open transactions', async () => {
  await using source = await TestSource.open('mysql');
  await makeTables(source);
  const tables = await tablesOf(source);
  await source.run('BEGIN', 'INSERT INTO one VALUES (1)');
  const controller = new AbortController();
  const opening = open(endpointOf(source.url), tables, controller.signal);
  const reason = new Error('stopped');
  const rejected = assert.rejects(opening, reason);
  await metadataLockWait(source);
  controller.abort(reason);
  await rejected;
  await source.run('COMMIT');
});
