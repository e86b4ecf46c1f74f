import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import test from 'node:test';
import { Database } from '../../src/target/database.js';
import { checkpoint } from '../../src/target/maintenance.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { openDatabase, TempDatabase } from './temp-database.js';

test('a transaction commits all of its work or nothing of it', async () => {
  await using temp = await TempDatabase.open();
  const { database } = temp;
  await database.run('CREATE TABLE t (id INTEGER)');
  const result = await database.transaction(async () => {
    await database.run('INSERT INTO t VALUES (?), (?)', [1, 2]);
    return 'done';
  });
  assert.equal(result, 'done');
  const failing = database.transaction(async () => {
    await database.run('CREATE TABLE u (id INTEGER)');
    await database.run('DROP TABLE t');
    await database.run('INSERT INTO nowhere VALUES (1)');
  });
  await assert.rejects(failing, /nowhere does not exist/);
  assert.deepEqual(await database.rows('SELECT sum(id) AS total FROM t'), [{ total: '3' }]);
  // The next one is not hindered by the failed one.
  await database.transaction(() => database.run('CREATE TABLE u (id INTEGER)'));
});

test("another task's statement is no part of the open transaction", async () => {
  await using temp = await TempDatabase.open();
  const { database } = temp;
  await database.run('CREATE TABLE t (id INTEGER)');
  let fail: (error: Error) => void = () => undefined;
  let begun: () => void = () => undefined;
  const failing = database.transaction(async () => {
    await database.run('INSERT INTO t VALUES (1)');
    await new Promise((_resolve, reject) => {
      fail = reject;
      begun();
    });
  });
  await new Promise<void>((resolve) => {
    begun = resolve;
  });
  const other = database.run('INSERT INTO t VALUES (2)');
  fail(new Error('on purpose'));
  await assert.rejects(failing, /on purpose/);
  await other;
  assert.deepEqual(await database.rows('FROM t'), [{ id: 2 }]);
});

test('what outlives its transaction is no part of the next one', async () => {
  await using temp = await TempDatabase.open();
  const { database } = temp;
  await database.run('CREATE TABLE t (id INTEGER)');
  let goOn: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let late: Promise<void> = Promise.resolve();
  await database.transaction(async () => {
    await database.run('INSERT INTO t VALUES (1)');
    late = gate.then(() => database.run('INSERT INTO t VALUES (2)'));
  });
  const failing = database.transaction(async () => {
    goOn();
    for (const id of [3, 4]) await database.run('INSERT INTO t VALUES (?)', [id]);
    throw new Error('on purpose');
  });
  await assert.rejects(failing, /on purpose/);
  await late;
  assert.deepEqual(await database.rows('FROM t'), [{ id: 1 }, { id: 2 }]);
});

test('statements of one transaction that come at once run one after the other', async () => {
  await using temp = await TempDatabase.open();
  const { database } = temp;
  await database.run('CREATE TABLE t AS SELECT range AS id FROM range(200000)');
  const counts = await database.transaction(() =>
    Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        database.rows(`SELECT count(DISTINCT id + ${at})::INTEGER AS n FROM t`),
      ),
    ),
  );
  assert.deepEqual(
    counts.flat().map(({ n }) => n),
    Array.from({ length: 20 }, () => 200_000),
  );
});

test('a second opening in this process is refused too, and disposal frees the file', async () => {
  await using folder = await TempFolder.open();
  const path = folder.file('replica.duckdb');
  {
    await using first = await openDatabase(path, 'ducktail sync');
    await first.run('CREATE TABLE t AS SELECT 1 AS id');
    await assert.rejects(openDatabase(path), {
      code: 'target-busy',
      message: new RegExp(`is in use by 'ducktail sync' \\(pid ${process.pid}, since `),
    });
    assert.deepEqual(await first.rows('FROM t'), [{ id: 1 }]);
  }
  assert.equal(existsSync(`${path}.lock`), false);
  await using again = await openDatabase(path);
  assert.deepEqual(await again.rows('FROM t'), [{ id: 1 }]);
});

test('what can’t be opened is told, and leaves no lock', async () => {
  await using folder = await TempFolder.open();
  const notes = folder.file('notes.txt');
  await writeFile(notes, 'no database\n'.repeat(1000));
  await assert.rejects(openDatabase(notes), {
    code: 'target-failed',
    message: /not a valid DuckDB database file/,
  });
  assert.equal(existsSync(`${notes}.lock`), false);
  await assert.rejects(openDatabase(folder.file('none/replica.duckdb')), {
    code: 'target-failed',
    message: /can't write beside .*none\/replica\.duckdb \(ENOENT\)/,
    hint: /existing folder/,
  });
});

test('new files have the storage version that is asked for, whatever DuckDB’s default', async () => {
  await using temp = await TempDatabase.open();
  const [{ tags }] = await temp.database.rows(
    'SELECT tags::VARCHAR AS tags FROM duckdb_databases() WHERE database_name = current_database()',
  );
  assert.match(String(tags), /storage_version=v1\.2\.0/);
});

test('a checkpoint beside an open transaction is left to the next one', async () => {
  await using temp = await TempDatabase.open();
  const { database } = temp;
  await database.run('CREATE TABLE t AS SELECT range AS id FROM range(1000)');
  const other = await database.connect();
  await other.run('BEGIN TRANSACTION');
  await other.run('UPDATE t SET id = id + 1');
  await database.run('CREATE TABLE u (id INTEGER)');
  assert.equal(await checkpoint(database), false);
  await other.run('COMMIT');
  assert.equal(await checkpoint(database), true);
  assert.equal(existsSync(`${database.path}.wal`), false);
});

test('other mistakes in a checkpoint are errors', async () => {
  const temp = await TempDatabase.open();
  await temp[Symbol.asyncDispose]();
  await assert.rejects(checkpoint(temp.database));
});

test('settings are those that are asked for', async () => {
  await using folder = await TempFolder.open();
  const path = folder.file('replica.duckdb');
  await using database = await Database.open({
    path,
    memoryLimit: '200MiB',
    threads: 1,
    owner: 'ducktail test',
  });
  assert.equal(database.threads, 1);
  assert.deepEqual(
    await database.rows(
      `SELECT current_setting('memory_limit') AS memory, current_setting('TimeZone') AS zone`,
    ),
    [{ memory: '200.0 MiB', zone: 'UTC' }],
  );
});
