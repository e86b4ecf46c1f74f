import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import test from 'node:test';
import type { SyncResult } from '../../src/model/sync-result.js';
import { addTextTable } from '../e2e/support/text-table.js';
import { tableNames } from '../e2e/support/replica-state.js';
import { assertSameData } from '../helpers/compare.js';
import { runDucktail } from '../helpers/ducktail.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';

async function fill(source: TestSource): Promise<void> {
  await source.run(
    `CREATE TABLE orders (id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, at DATE NULL, paid BOOL,
       updated_at DATETIME NOT NULL, INDEX (updated_at))`,
    `INSERT INTO orders VALUES (1, '2020-01-01', 1, '2024-05-06 07:08:09'),
       (2, '0000-00-00', 2, '2024-05-06 07:08:08'), (3, NULL, NULL, '2024-05-06 07:08:08')`,
    'CREATE TABLE keyless (v INT)',
    'CREATE TABLE skipped (id INT PRIMARY KEY)',
    'CREATE VIEW seen AS SELECT 1 AS one',
  );
}

test('--json is one document of the shape that is promised', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  const env = { MYSQL_URL: source.url, DUCKDB_PATH: folder.file('replica.duckdb') };
  await fill(source);
  const run = await runDucktail(['sync', '--json'], { ...env, EXCLUDE_TABLES: 'skip*' });
  assert.equal(run.exitCode, 0, run.stderr);
  assert.equal(run.stdout.trimEnd().split('\n').length, 1);
  const { tables, seconds, peakRssBytes, ...rest } = run.json<SyncResult>();
  assert.deepEqual(rest, {});
  assert.deepEqual(
    tables.map(({ seconds: tableSeconds, rowsPerSecond, ...table }) => {
      assert.ok(tableSeconds >= 0 && tableSeconds <= seconds);
      assert.ok(Number.isInteger(rowsPerSecond));
      return table;
    }),
    [
      {
        table: 'keyless',
        mode: 'full',
        rows: 0,
        inserted: 0,
        updated: 0,
        deleted: 0,
        unchanged: 0,
        oldWatermark: null,
        newWatermark: null,
        rejectedValues: 0,
        error: null,
      },
      {
        table: 'orders',
        mode: 'full',
        rows: 3,
        inserted: 3,
        updated: 0,
        deleted: 0,
        unchanged: 0,
        oldWatermark: null,
        newWatermark: '2024-05-06 07:08:09',
        rejectedValues: 2,
        error: null,
      },
    ],
  );
  assert.ok(seconds > 0);
  assert.ok(peakRssBytes > 50e6 && peakRssBytes < 500e6);
  assert.deepEqual(await tableNames(env.DUCKDB_PATH), ['keyless', 'orders']);
});

test('for people, a table and the way to what was rejected', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  const env = { MYSQL_URL: source.url, DUCKDB_PATH: folder.file('replica.duckdb') };
  await fill(source);
  const { exitCode, stdout, stderr } = await runDucktail(['sync'], env);
  assert.equal(exitCode, 0, stderr);
  assert.match(stdout, /│ table +│ mode +│ rows +│ seconds +│ rows\/s +│ rejected +│ error +│/);
  assert.match(stdout, /│ orders +│ full +│ +3 +│/);
  assert.match(stdout, /^3 rows in [\d.]+ s, [\d,]+ rows\/s, peak memory [\d.]+ MB$/m);
  const way = /^2 values could not be kept .*; see ducktail query '(.+)'$/m.exec(stdout);
  const found = await runDucktail(['query', '--json', way?.[1] ?? ''], env);
  assert.equal(found.json<{ rows: unknown[] }>().rows.length, 2);
});

test('named tables are copied alone, into the schema that is asked for', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  const env = {
    MYSQL_URL: source.url,
    DUCKDB_PATH: folder.file('replica.duckdb'),
    TARGET_SCHEMA: 'shop "copy"',
    EXCLUDE_TABLES: 'skipped',
  };
  await fill(source);
  const run = await runDucktail(['sync', 'skipped', 'orders', '--full', '--json'], env);
  assert.equal(run.exitCode, 0, run.stderr);
  assert.deepEqual(
    run.json<SyncResult>().tables.map(({ table }) => table),
    ['orders', 'skipped'],
  );
  assert.deepEqual(await tableNames(env.DUCKDB_PATH, 'shop "copy"'), ['orders', 'skipped']);
  assert.deepEqual(await tableNames(env.DUCKDB_PATH), []);
  await assertSameData(source, env.DUCKDB_PATH, {
    tables: ['orders', 'skipped'],
    schema: 'shop "copy"',
  });
});

test('a database without tables is nothing to do', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  const env = { MYSQL_URL: source.url, DUCKDB_PATH: folder.file('replica.duckdb') };
  const { exitCode, stdout, stderr } = await runDucktail(['sync'], env);
  assert.equal(exitCode, 0, stderr);
  assert.match(stdout, /^No tables to sync: /);
  const run = await runDucktail(['sync', '--json'], env);
  assert.deepEqual(run.json<SyncResult>().tables, []);
});

interface PlanDocument {
  readonly tables: readonly {
    readonly table: string;
    readonly estimatedRows: number;
    readonly estimatedBytes: number;
    readonly key: readonly string[];
    readonly ranges: number;
    readonly watermark: { readonly column: string; readonly reason: string } | null;
    readonly lossyColumns: readonly { readonly column: string; readonly loss: string }[];
    readonly error: string | null;
  }[];
}

test('--dry-run prints the plan and makes no file', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  const env = {
    MYSQL_URL: source.url,
    DUCKDB_PATH: folder.file('replica.duckdb'),
    WORKER_THREADS: '2',
  };
  await fill(source);
  await addTextTable(source, { name: 'large', rows: 120_000, bytes: 64 });
  await source.run('ANALYZE TABLE orders', 'CREATE TABLE Keyless (id INT PRIMARY KEY)');
  const run = await runDucktail(['sync', '--dry-run', '--json'], env);
  assert.equal(run.exitCode, 1, run.stderr);
  const { tables } = run.json<PlanDocument>();
  assert.equal(tables[0].table, 'large');
  assert.ok(tables[0].estimatedRows > 50_000);
  assert.ok(tables[0].estimatedBytes > 120_000 * 64);
  assert.ok(tables[0].ranges > 1);
  const named = (name: string): PlanDocument['tables'][number] => {
    const found = tables.find(({ table }) => table === name);
    assert.ok(found, name);
    return found;
  };
  const orders = named('orders');
  assert.deepEqual(orders.key, ['id']);
  assert.equal(orders.ranges, 1);
  assert.equal(orders.watermark?.column, 'updated_at');
  assert.deepEqual(
    orders.lossyColumns.map(({ column }) => column),
    ['at', 'paid', 'updated_at'],
  );
  assert.equal(orders.error, null);
  for (const name of ['keyless', 'Keyless']) {
    assert.match(named(name).error ?? '', /'keyless'.* differ only in case|'Keyless'/);
  }
  assert.deepEqual(await readdir(folder.path), []);

  await source.run('DROP TABLE Keyless');
  const { exitCode, stdout } = await runDucktail(['sync', '--dry-run'], env);
  assert.equal(exitCode, 0);
  assert.match(stdout, /│ large +│ full: it was never synced │ +[\d,]+ │ +[\d.]+ MB │ id +│/);
  assert.match(stdout, /│ keyless +│ .*none: one range/);
  assert.match(stdout, /│ orders\.paid +│ tinyint\(1\) +│ BOOLEAN +│/);
  assert.equal(existsSync(env.DUCKDB_PATH), false);
});

test('tables whose names collide are refused, the others are copied', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  const env = { MYSQL_URL: source.url, DUCKDB_PATH: folder.file('replica.duckdb') };
  await source.run(
    'CREATE TABLE Orders (id INT PRIMARY KEY)',
    'CREATE TABLE orders (id INT PRIMARY KEY)',
    'CREATE TABLE other (id INT PRIMARY KEY)',
    'INSERT INTO other VALUES (1)',
  );
  const run = await runDucktail(['sync', '--json'], env);
  assert.equal(run.exitCode, 1);
  const byName = new Map(run.json<SyncResult>().tables.map((one) => [one.table, one.error]));
  assert.equal(byName.get('other'), null);
  for (const name of ['Orders', 'orders']) {
    assert.match(byName.get(name)?.message ?? '', /'Orders'/);
    assert.match(byName.get(name)?.message ?? '', /'orders'/);
    assert.match(byName.get(name)?.hint ?? '', /EXCLUDE_TABLES/);
  }
  assert.deepEqual(await tableNames(env.DUCKDB_PATH), ['other']);
  const again = await runDucktail(['sync'], { ...env, EXCLUDE_TABLES: 'Orders' });
  assert.equal(again.exitCode, 0, again.stderr);
  await assertSameData(source, env.DUCKDB_PATH, { tables: ['orders', 'other'] });
});
