import assert from 'node:assert/strict';
import test from 'node:test';
import type { SyncResult } from '../../src/model/sync-result.js';
import { assertSameData } from '../helpers/compare.js';
import { runDucktail } from '../helpers/ducktail.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';

test('values that are too large for DuckDB’s memory limit get more of it', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  await source.addNumbers(120);
  await source.run(
    'CREATE TABLE documents (id INT PRIMARY KEY, body LONGTEXT NOT NULL)',
    `INSERT INTO documents SELECT n, CONCAT(n, REPEAT(SHA2(n, 512), 8192)) FROM numbers`,
  );
  const duckdbPath = folder.file('replica.duckdb');
  const run = await runDucktail(['sync', '--json'], {
    MYSQL_URL: source.url,
    DUCKDB_PATH: duckdbPath,
    DUCKDB_MEMORY_LIMIT: '64MB',
  });
  assert.equal(run.exitCode, 0, run.stderr);
  const { tables } = run.json<SyncResult>();
  assert.deepEqual(
    tables
      .map(({ table, rows, error }) => ({ table, rows, error }))
      .sort((a, b) => a.rows - b.rows),
    [
      { table: 'documents', rows: 120, error: null },
      { table: 'numbers', rows: 120, error: null },
    ],
  );
  assert.match(
    run.stderr,
    /documents: there was too little memory for its values; DuckDB's memory limit is \d+MB now/,
  );
  await assertSameData(source, duckdbPath);
});
