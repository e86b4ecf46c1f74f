import assert from 'node:assert/strict';
import test from 'node:test';
import type { SyncResult } from '../../src/model/sync-result.js';
import { assertSameData } from '../helpers/compare.js';
import { runDucktail } from '../helpers/ducktail.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import { assertNoStack } from './support/clear-message.js';
import { changeReplica, singleValue } from './support/replica-state.js';

test('views on replicated tables show the new rows after the next sync', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  const duckdbPath = folder.file('replica.duckdb');
  const env = { MYSQL_URL: source.url, DUCKDB_PATH: duckdbPath };
  await source.run('CREATE TABLE one (id INT PRIMARY KEY)', 'INSERT INTO one VALUES (1), (2)');
  assert.equal((await runDucktail(['sync'], env)).exitCode, 0);
  await changeReplica(
    duckdbPath,
    'CREATE VIEW doubled AS SELECT id * 2 AS id FROM one',
    'CREATE SCHEMA reports',
    'CREATE TABLE reports.kept AS SELECT 42 AS answer',
  );
  await source.run('INSERT INTO one VALUES (10)');
  const again = await runDucktail(['sync'], env);
  assert.equal(again.exitCode, 0, again.stderr);
  assert.equal(await singleValue(duckdbPath, 'SELECT sum(id) FROM doubled'), '26');
  assert.equal(await singleValue(duckdbPath, 'FROM reports.kept'), '42');
});

test('a view that has a source table’s name stands, and that table fails alone', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  const duckdbPath = folder.file('replica.duckdb');
  const env = { MYSQL_URL: source.url, DUCKDB_PATH: duckdbPath };
  await source.run('CREATE TABLE one (id INT PRIMARY KEY)', 'INSERT INTO one VALUES (1), (2)');
  assert.equal((await runDucktail(['sync'], env)).exitCode, 0);
  await changeReplica(duckdbPath, 'CREATE VIEW "Two" AS SELECT 5 AS mine');
  await source.run('CREATE TABLE two (id INT PRIMARY KEY)', 'INSERT INTO one VALUES (3)');
  const run = await runDucktail(['sync', '--json'], env);
  assert.equal(run.exitCode, 1, run.stderr);
  const [one, two] = run.json<SyncResult>().tables;
  assert.equal(one.error, null);
  assert.equal(two.error?.code, 'table-failed');
  assert.equal(
    two.error.message,
    "a view named 'two' stands in the replica where the table should go",
  );
  assert.equal(two.error.hint, 'Drop or rename the view, or leave the table out.');
  assertNoStack(run);
  await assertSameData(source, duckdbPath, { tables: ['one'] });
  assert.equal(await singleValue(duckdbPath, 'FROM "Two"'), '5');

  await changeReplica(duckdbPath, 'DROP VIEW "Two"');
  const again = await runDucktail(['sync'], env);
  assert.equal(again.exitCode, 0, again.stderr);
  await assertSameData(source, duckdbPath);
});
