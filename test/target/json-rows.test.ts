import assert from 'node:assert/strict';
import test from 'node:test';
import { type DuckDBDataChunk, DuckDBInstance, type DuckDBType } from '@duckdb/node-api';
import { JSON_EFFORT, jsonRows } from '../../src/target/json-rows.js';
import { jsonValue } from '../../src/target/json-values.js';

const KB = 1024;

async function chunkOf(sql: string): Promise<{ chunk: DuckDBDataChunk; types: DuckDBType[] }> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const result = await connection.run(sql);
  const chunk = await result.fetchChunk();
  assert.ok(chunk !== null);
  return { chunk, types: result.columnTypes() };
}

/** Values of every shape, some NULL, some large. */
const EVERY_SHAPE = `
  SELECT n, IF(n % 7 = 0, NULL, repeat('é', n % 50)) AS text, repeat('\\xFF\\x5C'::BLOB, n % 9) AS blob,
    IF(n % 5 = 0, NULL, range(n % 20)) AS list, [['a', NULL], NULL, [repeat('b', n % 30)]] AS lists,
    {a: n, b: {c: repeat('c', n % 40), d: [n]}} AS struct,
    IF(n % 3 = 0, NULL, MAP {'k' || n: [n, NULL], 'other': NULL}) AS map,
    [n, n + 1, NULL]::INTEGER[3] AS fixed, [repeat('d', n % 60), 'e']::VARCHAR[2] AS texts,
    IF(n % 2 = 0, n::UNION(num INTEGER, txt VARCHAR), repeat('f', n % 80)::UNION(num INTEGER, txt VARCHAR)) AS either,
    bitstring('101', 12) AS bits, (n || '000')::BIGNUM AS big, 1.5::DECIMAL(9, 2) AS price
  FROM (SELECT range::INTEGER AS n FROM range(700))`;

test('rows that come in many slices are the rows of the chunk', async () => {
  const { chunk, types } = await chunkOf(EVERY_SHAPE);
  const effort = { ...JSON_EFFORT, slice: 64 * KB };
  const slices: (readonly unknown[])[][] = [];
  for await (const rows of jsonRows(chunk, types, effort)) slices.push(rows);
  assert.ok(slices.length > 10, `${slices.length} slices`);
  assert.deepEqual(slices.flat(), chunk.convertRows(jsonValue));
});

test('a chunk of large values comes in slices of about a megabyte', async () => {
  const large = `SELECT repeat('x', 100000) AS t, [repeat('y', 50000)] AS l FROM range(500)`;
  const { chunk, types } = await chunkOf(large);
  let rows = 0;
  for await (const slice of jsonRows(chunk, types)) {
    rows += slice.length;
    assert.ok(JSON.stringify(slice).length < 1.1 * KB * KB);
  }
  assert.equal(rows, 500);
});

test('what NULL stands for takes no effort', async () => {
  const { chunk, types } = await chunkOf(
    `SELECT IF(n = 0, repeat('x', 100000), NULL) AS t, IF(n = 1, range(5000), NULL) AS l,
            IF(n = 2, {a: repeat('z', 70000)}, NULL) AS s
       FROM (SELECT range AS n FROM range(2000))`,
  );
  const effort = { ...JSON_EFFORT, slice: 400 * KB };
  const sizes: number[] = [];
  for await (const rows of jsonRows(chunk, types, effort)) sizes.push(rows.length);
  assert.deepEqual(sizes, [1, 1999]);
});

test('each byte of a BLOB is told apart, as DuckDB tells them', async () => {
  const { chunk } = await chunkOf(
    `SELECT b, b::VARCHAR AS t, b::VARCHAR::BLOB = b AS same
       FROM (SELECT unhex(string_agg(format('{:02x}', range), '' ORDER BY range)) || '\\x5Cx00'::BLOB AS b
               FROM range(256))`,
  );
  const [[blob, text, same]] = chunk.convertRows(jsonValue);
  assert.equal(blob, text);
  assert.equal(same, true);
});
