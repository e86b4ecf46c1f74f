import assert from 'node:assert/strict';
import test from 'node:test';
import { prepareRead } from '../../src/target/read-statement.js';
import { TempDatabase } from './temp-database.js';

/** SQL that is too much, and what is like it but small. */
interface Shape {
  readonly large: string;
  readonly small: string;
}

const times = (count: number, text: string): string => text.repeat(count);
const list = (count: number, item: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => item(at)).join(', ');
const wrapped = (count: number, sql: string, wrap: (inner: string, at: number) => string): string =>
  Array.from({ length: count }, (_, at) => at).reduce(wrap, sql);
const ctes = (count: number, kind: string): string =>
  `WITH a0 AS ${kind} (SELECT 1 AS x), ` +
  list(count, (at) => `a${at + 1} AS ${kind} (SELECT x.x FROM a${at} x, a${at} y)`) +
  ` SELECT count(*) FROM a${count}`;
const starred = (count: number): string =>
  `${times(count, 'SELECT *, * FROM (')}SELECT 1 AS a${times(count, ') t')}`;
const alias = (count: number): string =>
  `SELECT id AS a0, ${list(count, (at) => `a${at} + a${at} AS a${at + 1}`)} FROM own`;
const pairs = (count: number): string =>
  `FROM own WHERE ${Array.from({ length: count }, (_, at) => `(id = ${at} AND price = ${at})`).join(' OR ')}`;
const nested = (count: number, wrap: (inner: string, at: number) => string): string =>
  `SELECT ${wrapped(count, 'id', wrap)} FROM own`;

/** What takes DuckDB seconds or more to plan, in which nothing stops it. */
const PLANS: Readonly<Record<string, Shape>> = {
  stars: { large: starred(40), small: starred(6) },
  'stars of tables': {
    large: `SELECT ${list(40, () => '*')} FROM ${list(30, (at) => `own o${at}`)}`,
    small: 'SELECT a.*, b.* FROM own a JOIN own b USING (id)',
  },
  'stars of CTEs': {
    large: `WITH a0 AS (SELECT 1 AS x), ${list(40, (at) => `a${at + 1} AS (FROM a${at} x, a${at} y)`)} FROM a40`,
    small: 'WITH a AS (SELECT 1 AS x), b AS (FROM a x, a y) FROM b',
  },
  COLUMNS: {
    large: `SELECT ${list(300, () => 'coalesce(*COLUMNS(*))')} FROM (SELECT ${list(300, (at) => `1 AS c${at}`)})`,
    small: 'SELECT COLUMNS(*) + 1 FROM own',
  },
  PIVOT: {
    large: `PIVOT own ON id IN (${list(300, String)}), price IN (${list(300, String)}) USING sum(id)`,
    small: 'PIVOT own ON id IN (1, 2) USING sum(price)',
  },
  names: { large: alias(40), small: alias(5) },
  CTEs: { large: ctes(40, 'NOT MATERIALIZED'), small: ctes(5, 'NOT /**/ materialized') },
  lambdas: {
    large: `SELECT ${wrapped(40, '1', (inner, at) => `list_transform([1, 2], x${at} -> ${inner})`)}`,
    small: 'SELECT [[y * x FOR y IN [3, 4]] FOR x IN [1, 2]]',
  },
  subqueries: {
    large: wrapped(40, 'SELECT 1', (inner) => `SELECT (${inner}) + 1`),
    small: wrapped(4, 'SELECT 1', (inner) => `SELECT (${inner}) + 1`),
  },
  'correlated subqueries': {
    large: wrapped(
      40,
      'SELECT 1',
      (inner, at) => `SELECT 1 FROM own o${at} WHERE EXISTS (${inner})`,
    ),
    small: wrapped(
      3,
      'SELECT 1',
      (inner, at) => `SELECT 1 FROM own o${at} WHERE EXISTS (${inner})`,
    ),
  },
  BETWEEN: {
    large: nested(20, (inner) => `(${inner} BETWEEN 0 AND 1)::INTEGER`),
    small: nested(3, (inner) => `(${inner} BETWEEN 0 AND 1)::INTEGER`),
  },
  NULLIF: {
    large: nested(30, (inner) => `nullif(${inner}, 7)`),
    small: nested(3, (inner) => `nullif(${inner}, 7)`),
  },
  OR: { large: pairs(2000), small: pairs(50) },
  'subqueries in FROM': {
    large: `${times(300, 'SELECT * FROM (')}SELECT 1${times(300, ')')}`,
    small: `${times(50, 'SELECT * FROM (')}SELECT 1${times(50, ')')}`,
  },
};

/** What makes single values of many megabytes, in memory that DuckDB does not count. */
const VALUES: Readonly<Record<string, Shape>> = {
  range: { large: 'SELECT range(100000000)', small: 'SELECT range(1000)' },
  'range from': {
    large: 'SELECT len(range(-50000000, 50000000, 2))',
    small: 'SELECT len(range(100000000, 100000010))',
  },
  arithmetic: {
    large: 'SELECT generate_series((10 ** 3)::BIGINT * 1000 * 1000)',
    small: 'SELECT generate_series(10 * 10 - 1)',
  },
  repeat: { large: `SELECT ('x').repeat(1000000000)`, small: `SELECT repeat('x', 1000000)` },
  'repeat of repeat': {
    large: `SELECT repeat(repeat('xy', 10000) || repeat('z', 10000), 10000)`,
    small: `SELECT repeat(repeat('xy', 100) || 'z', 100)`,
  },
  'repeat of a column': {
    large: `SELECT repeat(id::VARCHAR, 1e9::INT) FROM own`,
    small: `SELECT repeat(id::VARCHAR, 3) FROM own`,
  },
  'repeat of a list': {
    large: `SELECT repeat([1, 2], 10000000)`,
    small: `SELECT repeat([1, 2], 10)`,
  },
  lpad: { large: `SELECT LPAD('x', 1000000000, ' ')`, small: `SELECT lpad('x', 100, ' ')` },
  rpad: { large: `SELECT rpad('x', 1000000000, ' ')`, small: `SELECT rpad('x', 100, ' ')` },
  list_resize: {
    large: 'SELECT list_resize([1], 1000000000)',
    small: 'SELECT list_resize([1], 10)',
  },
  bitstring: { large: `SELECT bitstring('1', 2000000000)`, small: `SELECT bitstring('1', 80)` },
  format: {
    large: `SELECT format('{:1000000000d}', 1)`,
    small: `SELECT format('{:10d} 20261122', 1)`,
  },
  printf: {
    large: `SELECT printf('%-1000000000d', 1)`,
    small: `SELECT printf('%10d 100000000', 1)`,
  },
  'in a lambda': {
    large: 'SELECT [len(range(100000000)) FOR x IN [1]]',
    small: 'SELECT [len(range(10)) FOR x IN [1]]',
  },
  unnested: {
    large: 'SELECT unnest(range(100000000))',
    small: 'SELECT count(*) FROM range(100000000)',
  },
};

for (const [kind, shapes] of Object.entries({ plans: PLANS, values: VALUES })) {
  test(`${kind} that are too large are refused before they are made`, async (t) => {
    await using temp = await TempDatabase.open();
    const { connection, close } = await temp.database.connectBeside();
    await connection.run('CREATE TABLE own (id INTEGER, price DECIMAL(12, 2))');
    for (const [name, { large, small }] of Object.entries(shapes)) {
      await t.test(name, async () => {
        await assert.rejects(prepareRead(connection, large, []), { code: 'query-failed' });
        const statement = await prepareRead(connection, small, []);
        await statement.run();
      });
    }
    close();
  });
}
