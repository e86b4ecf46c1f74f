import assert from 'node:assert/strict';
import test from 'node:test';
import { assertSameData } from '../helpers/compare.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import { differenceTests } from './difference-tests.js';
import { corrupt, counts, synced, tableOf, verified } from './verified.js';

differenceTests('mysql');

test('NULL, the empty string, zero and letters of another case are told apart', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  const path = folder.file('replica.duckdb');
  const env = { MYSQL_URL: source.url, DUCKDB_PATH: path };
  const cases: readonly (readonly [row: string, change: string, ...differences: string[]])[] = [
    [`('A', '', '', '', 0)`, 'a = NULL', 'changed A a'],
    [`('B', '', '', '', 0)`, 'b = NULL', 'changed B b'],
    [`('C', '', '', '', 0)`, 'c = NULL', 'changed C c'],
    [`('D', '', '', '', 0)`, 'n = NULL', 'changed D n'],
    [`('E', NULL, NULL, NULL, NULL)`, `a = ''`, 'changed E a'],
    [`('F', 'a', 'b,', ',', 1)`, `b = 'B,'`, 'changed F b'],
    // The same characters, of other columns.
    [`('G', 'a', '', 'b', 1)`, `a = '', b = 'a'`, 'changed G a', 'changed G b'],
    [`('Key', 'a', 'b', 'c', 1)`, `id = 'key'`, 'extra key null', 'missing Key null'],
  ];
  await source.run(
    `CREATE TABLE t (id VARCHAR(20) COLLATE utf8mb4_0900_ai_ci PRIMARY KEY, a VARCHAR(20),
       b VARCHAR(20) CHARACTER SET latin1, c BLOB, n INT)`,
    `INSERT INTO t VALUES ${cases.map(([row]) => row).join(', ')}`,
  );
  await synced(env);
  await corrupt(
    path,
    ...cases.map(([row, change]) => {
      const id = /'\w+'/.exec(row)?.[0] ?? '';
      return `UPDATE t SET ${change} WHERE id = ${id}`;
    }),
  );
  const { examples } = tableOf(await verified(env, '--repair'), 't');
  assert.deepEqual(
    examples.map(({ kind, key, column }) => `${kind} ${String(key)} ${column}`).sort(),
    cases.flatMap(([, , ...differences]) => differences).sort(),
  );
  await assertSameData(source, path);
});

test('one changed row of a large table is found, in one of many ranges', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  const path = folder.file('replica.duckdb');
  const env = { MYSQL_URL: source.url, DUCKDB_PATH: path, INCLUDE_TABLES: 'large,skewed' };
  await source.addNumbers(100_000);
  await source.run(
    'CREATE TABLE large (id BIGINT UNSIGNED PRIMARY KEY, v INT, w VARCHAR(30))',
    `INSERT INTO large SELECT n * 7, n, CONCAT('text ', n) FROM numbers`,
    'CREATE TABLE skewed (id BIGINT PRIMARY KEY, v INT)',
    'INSERT INTO skewed SELECT 4000000000000000000 + n, n FROM numbers WHERE n < 20000',
    'INSERT INTO skewed VALUES (-9223372036854775808, 1), (9223372036854775807, 2)',
  );
  await synced(env);
  await corrupt(
    path,
    'UPDATE large SET v = v + 1 WHERE id = 350007',
    'UPDATE skewed SET v = -1 WHERE id = 4000000000000012345',
  );
  const result = await verified(env, '--repair');
  const large = tableOf(result, 'large');
  assert.deepEqual(counts(large), { missing: 0, extra: 0, changed: 1, repaired: 1 });
  assert.equal(large.rows, 100_000);
  assert.ok(large.ranges >= 20);
  assert.equal(large.differingRanges, 1);
  const expected = {
    kind: 'changed',
    key: ['350007'],
    column: 'v',
    source: '50001',
    replica: '50002',
  };
  assert.deepEqual(large.examples, [expected]);
  const skewed = tableOf(result, 'skewed');
  assert.deepEqual(
    skewed.examples.map(({ key }) => key),
    [['4000000000000012345']],
  );
  await assertSameData(source, path, { tables: ['large', 'skewed'] });
});
