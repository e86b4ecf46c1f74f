import assert from 'node:assert/strict';
import { copyFile, writeFile } from 'node:fs/promises';
import test from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { Database } from '../../src/target/database.js';
import { ReadOnlyReplica } from '../../src/target/read-only.js';
import { TempFolder } from '../helpers/temp-folder.js';

const TABLES = 300;
const SMALL = { memoryLimit: '64MB', threads: 2, owner: 'ducktail test' };

/** A file as a crash leaves it: in its log are changes of many tables, made with more memory. */
async function writeCrashed(folder: TempFolder): Promise<string> {
  const path = folder.file('replica.duckdb');
  await using database = await Database.open({ path, ...SMALL });
  const each = async (statement: (at: number) => string): Promise<void> => {
    for (let at = 0; at < TABLES; at++) await database.run(statement(at));
  };
  const crashed = folder.file('crashed.duckdb');
  await database.withAllMemory(async () => {
    await database.transaction(() =>
      each((at) => `CREATE TABLE t${at} AS SELECT range AS id, range AS v FROM range(2)`),
    );
    await database.run('CHECKPOINT');
    await database.transaction(async () => {
      await each((at) => `DELETE FROM t${at} WHERE id = 1`);
      await each((at) => `INSERT INTO t${at} VALUES (1, ${at})`);
    });
    for (const end of ['', '.wal']) await copyFile(`${path}${end}`, `${crashed}${end}`);
  });
  await assert.rejects(
    DuckDBInstance.create(crashed, { memory_limit: SMALL.memoryLimit, threads: '2' }),
    /replaying WAL.*failed to pin/s,
  );
  return crashed;
}

const SUM = `SELECT sum(v) AS sum FROM (${Array.from(
  { length: TABLES },
  (_, at) => `SELECT v FROM t${at} WHERE id = 1`,
).join(' UNION ALL ')})`;
const EXPECTED = [{ sum: String((TABLES * (TABLES - 1)) / 2) }];

test('a log that takes more memory than the limit is replayed all the same', async () => {
  await using folder = await TempFolder.open();
  const path = await writeCrashed(folder);
  {
    // It changes nothing, so it can't spare the next one the same.
    using replica = await ReadOnlyReplica.open(path, { memory_limit: SMALL.memoryLimit });
    assert.deepEqual(await replica.rows(SUM), EXPECTED);
  }
  await using database = await Database.open({ path, ...SMALL });
  assert.equal(database.memory.text, SMALL.memoryLimit);
  assert.deepEqual(await database.rows(SUM), EXPECTED);
});

test('so it is where another host left a lock', async () => {
  await using folder = await TempFolder.open();
  const path = await writeCrashed(folder);
  const holder = {
    pid: 1,
    host: 'elsewhere',
    owner: 'ducktail run',
    since: '',
    processStart: null,
  };
  await writeFile(`${path}.lock`, JSON.stringify(holder));
  await using database = await Database.open({ path, ...SMALL });
  assert.deepEqual(await database.rows(SUM), EXPECTED);
});
