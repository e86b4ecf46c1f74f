import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import test from 'node:test';
import { assertSameData } from '../helpers/compare.js';
import { runDucktail } from '../helpers/ducktail.js';
import { Replica } from '../helpers/replica.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import { corrupt, synced, tableOf, verified } from '../verify/verified.js';

async function fill(source: TestSource): Promise<void> {
  await source.run(
    `CREATE TABLE orders (id INT PRIMARY KEY, note VARCHAR(200), at DATETIME NULL)`,
    `INSERT INTO orders VALUES (1, 'one', '2024-01-01'), (2, NULL, '0000-00-00'), (3, '', NULL)`,
    'CREATE TABLE other (id INT PRIMARY KEY)',
    'INSERT INTO other VALUES (1)',
  );
}

test('--json is one document of the shape that is promised', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  const env = { MYSQL_URL: source.url, DUCKDB_PATH: folder.file('replica.duckdb') };
  await fill(source);
  await synced(env);
  await corrupt(
    env.DUCKDB_PATH,
    `UPDATE orders SET note = repeat('x', 150) WHERE id = 1`,
    'DELETE FROM orders WHERE id = 2',
    `INSERT INTO orders VALUES (4, NULL, NULL)`,
  );
  const { tables, equal, seconds, ...rest } = await verified(env);
  assert.deepEqual(rest, {});
  assert.equal(equal, false);
  const [orders, other] = tables.map(({ seconds: tableSeconds, ...table }) => {
    assert.ok(tableSeconds >= 0 && tableSeconds <= seconds);
    return table;
  });
  assert.deepEqual(orders, {
    table: 'orders',
    rows: 3,
    ranges: 1,
    differingRanges: 1,
    differingRows: 3,
    missing: 1,
    extra: 1,
    changed: 1,
    examples: [
      { kind: 'changed', key: ['1'], column: 'note', source: 'one', replica: 'x'.repeat(100) },
      {
        kind: 'missing',
        key: ['2'],
        column: null,
        source: '2, NULL, 0000-00-00 00:00:00',
        replica: null,
      },
      { kind: 'extra', key: ['4'], column: null, source: null, replica: '4, NULL, NULL' },
    ],
    repaired: 0,
    settled: true,
    error: null,
  });
  assert.equal(other.table, 'other');
  assert.equal(other.differingRows, 0);
});

test('for people, a table, the rows that differ and what to do', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  const env = { MYSQL_URL: source.url, DUCKDB_PATH: folder.file('replica.duckdb') };
  await fill(source);
  await synced(env);
  const equal = await runDucktail(['verify'], env);
  assert.equal(equal.exitCode, 0, equal.stderr);
  assert.match(equal.stdout, /│ orders │ +3 │ +1 │ +0 │.*│ equal +│/);
  assert.match(equal.stdout, /^4 rows in 2 table\(s\) compared in [\d.]+ s: equal$/m);
  assert.match(equal.stderr, /"msg":"orders: equal"/);

  await corrupt(env.DUCKDB_PATH, `UPDATE orders SET note = 'two' WHERE id = 2`);
  const differing = await runDucktail(['verify'], env);
  assert.equal(differing.exitCode, 1);
  assert.match(differing.stdout, /^ {2}key 2, note: NULL in the source, 'two' in the replica$/m);
  assert.match(differing.stdout, /: 1 table differs$/m);
  assert.match(differing.stdout, /ducktail verify --repair/);

  const repaired = await runDucktail(['verify', '--repair'], env);
  assert.equal(repaired.exitCode, 0, repaired.stderr);
  assert.match(repaired.stdout, /│ orders │.*│ repaired +│/);
  await assertSameData(source, env.DUCKDB_PATH);
});

test('a repair keeps the state right: row counts and rejected values', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  const env = { MYSQL_URL: source.url, DUCKDB_PATH: folder.file('replica.duckdb') };
  await fill(source);
  await synced(env);
  // Without a sync: one more row, and partial dates where there were none, or others, before.
  await source.run(
    `INSERT INTO orders VALUES (5, 'five', '2024-00-10')`,
    `UPDATE orders SET at = '2024-02-30' WHERE id = 1`,
    `UPDATE orders SET note = 'b', at = '2024-05-00' WHERE id = 2`,
  );
  const result = await verified(env, '--repair');
  assert.equal(result.equal, true, JSON.stringify(result));
  assert.equal(tableOf(result, 'orders').repaired, 3);
  await assertSameData(source, env.DUCKDB_PATH);
  using replica = await Replica.open(env.DUCKDB_PATH);
  assert.deepEqual(
    await replica.texts(
      `SELECT row_count::VARCHAR, rejected_values::VARCHAR FROM _ducktail.tables
        WHERE table_name = 'orders'`,
    ),
    [['4', '3']],
  );
});

test('a table that is not there, or has other columns, is a difference with a remedy', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  const env = { MYSQL_URL: source.url, DUCKDB_PATH: folder.file('replica.duckdb') };
  await fill(source);
  const none = await runDucktail(['verify', '--json'], env);
  assert.equal(none.exitCode, 1);
  assert.match(none.stdout, /there is no replica at .*ducktail sync/);
  assert.equal(existsSync(env.DUCKDB_PATH), false);

  await synced(env);
  await source.run(
    'CREATE TABLE late (id INT PRIMARY KEY)',
    'ALTER TABLE orders MODIFY note INT, ADD COLUMN more INT, DROP COLUMN at',
  );
  const result = await verified(env);
  assert.equal(result.equal, false);
  const late = tableOf(result, 'late').error;
  assert.equal(late?.message, "the table 'late' is not in the replica");
  assert.match(late?.hint ?? '', /ducktail sync --full late/);
  const orders = tableOf(result, 'orders').error;
  assert.match(orders?.message ?? '', /'note' as VARCHAR instead of INTEGER/);
  assert.match(orders?.message ?? '', /no column 'more'/);
  assert.match(orders?.message ?? '', /a column 'at' that the source has not/);
  assert.equal(tableOf(result, 'other').error, null);

  const named = await verified(env, 'other');
  assert.deepEqual([named.equal, named.tables.length], [true, 1]);
  const filtered = await verified({ ...env, EXCLUDE_TABLES: 'late,ord*' });
  assert.deepEqual(
    filtered.tables.map(({ table }) => table),
    ['other'],
  );
  const unknown = await runDucktail(['verify', 'nothing'], env);
  assert.equal(unknown.exitCode, 2);
});

test('invalid UTF-8 on record counts as equal, in texts of any length', async () => {
  await using source = await TestSource.open('mariadb');
  await using folder = await TempFolder.open();
  const env = { MYSQL_URL: source.url, DUCKDB_PATH: folder.file('replica.duckdb') };
  await source.run(
    'CREATE TABLE texts (id INT PRIMARY KEY, v LONGTEXT, w INT)',
    `INSERT INTO texts VALUES (1, CONCAT(REPEAT('a', 9000), x'EDA080'), 1), (2, x'EDA080', 2),
       (3, REPEAT('b', 9000), 3)`,
    'CREATE TABLE loose (v VARCHAR(20), w INT)',
    `INSERT INTO loose VALUES (x'EDA080', 1), (x'EDA080', 1), ('c', 2)`,
  );
  await synced(env);
  const { tables, equal } = await verified(env);
  assert.equal(equal, true, JSON.stringify(tables));
  await corrupt(env.DUCKDB_PATH, 'UPDATE texts SET w = 0 WHERE id = 1');
  const repaired = await verified(env, '--repair');
  assert.equal(tableOf(repaired, 'texts').repaired, 1);
  assert.equal(repaired.equal, true);

  await corrupt(env.DUCKDB_PATH, 'DELETE FROM loose WHERE w = 2');
  const refused = tableOf(await verified(env, '--repair'), 'loose').error;
  assert.match(refused?.message ?? '', /no key but rejected values/);
  assert.match(refused?.hint ?? '', /ducktail sync --full loose/);
});

test('a source that keeps changing is said to have done so', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  const env = { MYSQL_URL: source.url, DUCKDB_PATH: folder.file('replica.duckdb') };
  await fill(source);
  await synced(env);
  let isOver = false;
  const writing = (async () => {
    for (let n = 0; !isOver; n++) {
      await source.run(`UPDATE orders SET note = 'note ${n}' WHERE id = 3`);
      await delay(5);
    }
  })();
  const result = await verified(env).finally(() => {
    isOver = true;
  });
  await writing;
  const orders = tableOf(result, 'orders');
  assert.deepEqual([orders.settled, orders.changed, orders.missing], [false, 1, 0]);
  assert.deepEqual(
    orders.examples.map(({ key, column }) => [key, column]),
    [[['3'], 'note']],
  );
  assert.equal(tableOf(result, 'other').settled, true);
});
