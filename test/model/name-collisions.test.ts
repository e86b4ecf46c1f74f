import assert from 'node:assert/strict';
import test from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { nameCollisions } from '../../src/model/name-collisions.js';

const PAIRS: readonly [string, string][] = [
  ['Orders', 'orders'],
  ['aZ', 'Az'],
  ['a_b', 'a-b'],
  ['É', 'é'],
  ['Ж', 'ж'],
  ['ß', 'SS'],
  ['\u212a', 'k'], // the Kelvin sign, whose lower case is k
  ['T😀', 't😀'],
];

test('names collide where DuckDB takes them for one', async () => {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  try {
    for (const [first, second] of PAIRS) {
      await connection.run(`CREATE TABLE "${first}" (a INTEGER)`);
      const tables = await connection.runAndReadAll(
        `CREATE TABLE IF NOT EXISTS "${second}" (a INTEGER); SELECT count(*) FROM duckdb_tables()`,
      );
      const collide = Number(tables.value(0, 0)) === 1;
      const expected = collide ? [[first, second].sort()] : [];
      assert.deepEqual(nameCollisions([first, second]), expected, `${first} ${second}`);
      await connection.run(`DROP TABLE "${first}"; DROP TABLE IF EXISTS "${second}"`);
    }
  } finally {
    connection.closeSync();
  }
});

test('every name of a group is told, in the same order always', () => {
  const names = ['b', 'A', 'c', 'a', 'B', 'd', 'B2'];
  assert.deepEqual(nameCollisions(names), [
    ['B', 'b'],
    ['A', 'a'],
  ]);
  assert.deepEqual(nameCollisions(['x', 'X', 'x ']), [['X', 'x']]);
  assert.deepEqual(nameCollisions([]), []);
});
