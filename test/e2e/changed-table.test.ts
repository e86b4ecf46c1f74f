import assert from 'node:assert/strict';
import test from 'node:test';
import mysql from 'mysql2/promise';
import type { SyncResult } from '../../src/model/sync-result.js';
import { assertSameData } from '../helpers/compare.js';
import { runDucktail } from '../helpers/ducktail.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import { assertNoStack } from './support/clear-message.js';
import { DucktailChild } from './support/ducktail-child.js';
import type { HookPlan } from './support/hook-plan.js';
import { singleValue, tableNames } from './support/replica-state.js';
import { metadataLockWait, sendingConnections } from './support/source-processes.js';
import { addTextTable } from './support/text-table.js';

const KIB = 1024;
const HOLD: HookPlan = { point: 'flush', action: 'hold' };

function settings(source: TestSource, duckdbPath: string, readers: number): Record<string, string> {
  return {
    MYSQL_URL: source.url,
    DUCKDB_PATH: duckdbPath,
    WORKER_THREADS: String(readers),
    DUCKDB_THREADS: '2',
    APPENDER_FLUSH_INTERVAL: '1024',
    BATCH_SIZE: '512',
  };
}

/** What the table is like in the replica: its columns between commas. */
async function columnsOf(duckdbPath: string, table: string): Promise<string | null> {
  return singleValue(
    duckdbPath,
    `SELECT string_agg(column_name, ',' ORDER BY column_index) FROM duckdb_columns()
      WHERE schema_name = 'main' AND table_name = '${table}'`,
  );
}

for (const flavour of ['mysql', 'mariadb'] as const) {
  const changes = [
    { what: 'gets a column', sql: 'ALTER TABLE small ADD COLUMN added INT DEFAULT 7' },
    { what: 'is rebuilt', sql: 'ALTER TABLE small MODIFY v LONGTEXT NULL, ENGINE = InnoDB' },
    { what: 'loses a column', sql: 'ALTER TABLE small DROP COLUMN v' },
    { what: 'is made anew', sql: 'CREATE OR REPLACE TABLE small AS SELECT 1 AS other' },
  ];
  for (const { what, sql } of changes) {
    test(`${flavour}: a table that ${what} before it is read is copied as it is then`, async () => {
      await using source = await TestSource.open(flavour);
      await using folder = await TempFolder.open();
      const duckdbPath = folder.file('replica.duckdb');
      await addTextTable(source, { name: 'large', rows: 5000, bytes: 128 });
      await addTextTable(source, { name: 'small', rows: 100, bytes: 64 });
      const env = settings(source, duckdbPath, 1);
      const plan: HookPlan = { ...HOLD, table: 'large' };
      await using child = DucktailChild.start(['sync', '--json'], env, { plan });
      await child.reached();
      if (sql.startsWith('CREATE'))
        await source.run('DROP TABLE small', sql.replace('OR REPLACE ', ''));
      else await source.run(sql);
      child.resume();
      const run = await child.ended;
      assert.equal(run.exitCode, 0, run.stderr);
      await assertSameData(source, duckdbPath);
      assert.deepEqual(await tableNames(duckdbPath), ['large', 'small']);
    });
  }

  test(`${flavour}: a table that is dropped before it is read fails, and its old copy stands`, async () => {
    await using source = await TestSource.open(flavour);
    await using folder = await TempFolder.open();
    const duckdbPath = folder.file('replica.duckdb');
    await addTextTable(source, { name: 'large', rows: 5000, bytes: 128 });
    await addTextTable(source, { name: 'small', rows: 100, bytes: 64 });
    const env = settings(source, duckdbPath, 1);
    const seed = await runDucktail(['sync'], env);
    assert.equal(seed.exitCode, 0, seed.stderr);
    await source.run(`UPDATE large SET v = 'new' WHERE id = 3`);
    const plan: HookPlan = { ...HOLD, table: 'large' };
    await using child = DucktailChild.start(['sync', '--json'], env, { plan });
    await child.reached();
    await source.run('DROP TABLE small');
    child.resume();
    const run = await child.ended;
    assert.equal(run.exitCode, 1, run.stderr);
    const [large, small] = run.json<SyncResult>().tables;
    assert.equal(large.error, null);
    assert.equal(small.error?.code, 'table-changed');
    assert.match(small.error?.message ?? '', /small' doesn't exist$/);
    assert.match(small.error?.hint ?? '', /dropped|renamed/);
    assertNoStack(run);
    await assertSameData(source, duckdbPath, { tables: ['large'] });
    assert.equal(await singleValue(duckdbPath, 'SELECT count(*) FROM small'), '100');
    assert.deepEqual(await tableNames(duckdbPath), ['large', 'small']);
  });

  test(`${flavour}: an ALTER of a table that is being read waits, and hinders no other reader for long`, async () => {
    await using source = await TestSource.open(flavour);
    await using folder = await TempFolder.open();
    const duckdbPath = folder.file('replica.duckdb');
    // One reader is busy here, while the other one begins with the ranges of the next table.
    await addTextTable(source, { name: 'large', rows: 500, bytes: 256 * KIB });
    await addTextTable(source, { name: 'ranges', rows: 150_000, bytes: 512 });
    const env = settings(source, duckdbPath, 2);
    await using child = DucktailChild.start(['sync', '--json'], env, { plan: HOLD });
    await child.reached();
    await sendingConnections(source, 2);
    const other = await mysql.createConnection({ uri: source.url });
    try {
      const altering = other.query('ALTER TABLE ranges ADD COLUMN added INT DEFAULT 7');
      await metadataLockWait(source);
      child.resume();
      const run = await child.ended;
      assert.equal(run.exitCode, 0, run.stderr);
      assert.equal(await columnsOf(duckdbPath, 'ranges'), 'id,v');
      await altering;
    } finally {
      other.destroy();
    }
    await source.run('ALTER TABLE ranges DROP COLUMN added');
    await assertSameData(source, duckdbPath);
  });
}
