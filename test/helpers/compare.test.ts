import assert from 'node:assert/strict';
import test from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { compareReplica, type Difference } from './compare.js';
import { TempFolder } from './temp-folder.js';
import { TestSource } from './test-source.js';

/** Enough values to be compared by hashes first. */
const MANY = 20_000;

async function write(duckdbPath: string, ...statements: readonly string[]): Promise<void> {
  const instance = await DuckDBInstance.create(duckdbPath);
  const connection = await instance.connect();
  for (const statement of statements) await connection.run(statement);
  connection.closeSync();
  instance.closeSync();
}

/** The same rows in both databases, each made by its own SQL. */
async function writeSameTables(source: TestSource, duckdbPath: string): Promise<void> {
  await source.addNumbers(MANY);
  await source.run(
    'CREATE TABLE large (id INT PRIMARY KEY, v VARCHAR(40), f DOUBLE)',
    `INSERT INTO large SELECT n, IF(n % 10 = 0, '', CONCAT('v', n)), n / 8 FROM numbers`,
    'CREATE TABLE small (a INT, b VARCHAR(10))',
    `INSERT INTO small VALUES (1, 'x'), (1, 'x'), (2, ''), (2, NULL), (3, 'ü')`,
    'CREATE TABLE dates (id INT PRIMARY KEY, d DATE)',
    `INSERT INTO dates VALUES (1, '2024-02-29'), (2, '0000-00-00'), (3, NULL)`,
  );
  await write(
    duckdbPath,
    'CREATE SCHEMA _ducktail',
    `CREATE TABLE _ducktail.rejected_values (target_schema VARCHAR, table_name VARCHAR,
       row_key JSON, column_name VARCHAR, source_text VARCHAR, reason VARCHAR)`,
    `CREATE TABLE numbers AS SELECT CAST(range AS INTEGER) AS n FROM range(${MANY})`,
    `CREATE TABLE large AS SELECT n AS id, if(n % 10 = 0, '', 'v' || n) AS v,
       CAST(n AS DOUBLE) / 8 AS f FROM numbers`,
    'CREATE TABLE small (a INTEGER, b VARCHAR)',
    `INSERT INTO small VALUES (3, 'ü'), (2, NULL), (1, 'x'), (2, ''), (1, 'x')`,
    'CREATE TABLE dates (id INTEGER, d DATE)',
    `INSERT INTO dates VALUES (1, '2024-02-29'), (2, NULL), (3, NULL)`,
    `INSERT INTO _ducktail.rejected_values
       VALUES ('main', 'dates', '["2"]', 'd', '0000-00-00', 'zero or partial date')`,
  );
}

interface Damage {
  readonly name: string;
  readonly damage: string;
  readonly repair: string;
  readonly differences: readonly Difference[];
}

const value = { kind: 'value', table: 'large', column: 'v' } as const;
const extraSmall = { kind: 'extra row', table: 'small', key: null, column: null } as const;

const DAMAGES: readonly Damage[] = [
  {
    name: 'a changed value of a large table',
    damage: `UPDATE large SET v = 'V12345' WHERE id = 12345`,
    repair: `UPDATE large SET v = 'v12345' WHERE id = 12345`,
    differences: [{ ...value, key: '12345', source: '"v12345"', replica: '"V12345"' }],
  },
  {
    name: 'a NULL in place of an empty string',
    damage: 'UPDATE large SET v = NULL WHERE id = 500',
    repair: `UPDATE large SET v = '' WHERE id = 500`,
    differences: [{ ...value, key: '500', source: '""', replica: null }],
  },
  {
    name: 'a value in place of a NULL',
    damage: `UPDATE dates SET d = '2024-03-01' WHERE id = 3`,
    repair: 'UPDATE dates SET d = NULL WHERE id = 3',
    differences: [
      { kind: 'value', table: 'dates', column: 'd', key: '3', source: null, replica: '2024-03-01' },
    ],
  },
  {
    name: 'the last bit of a float',
    damage: 'UPDATE large SET f = 0.12500000000000003 WHERE id = 1',
    repair: 'UPDATE large SET f = 0.125 WHERE id = 1',
    differences: [
      {
        ...value,
        column: 'f',
        key: '1',
        source: '3FC0000000000000',
        replica: '3FC0000000000001',
      },
    ],
  },
  {
    name: 'a missing row',
    damage: 'DELETE FROM large WHERE id = 7',
    repair: `INSERT INTO large VALUES (7, 'v7', 0.875)`,
    differences: [
      {
        kind: 'missing row',
        table: 'large',
        key: '7',
        column: null,
        source: '7, "v7", 3FEC000000000000',
        replica: null,
      },
    ],
  },
  {
    name: 'a row that came twice',
    damage: `INSERT INTO large VALUES (7, 'v7', 0.875)`,
    repair: 'DELETE FROM large WHERE rowid = (SELECT max(rowid) FROM large WHERE id = 7)',
    differences: [
      {
        kind: 'extra row',
        table: 'large',
        key: '7',
        column: null,
        source: null,
        replica: '7, "v7", 3FEC000000000000',
      },
    ],
  },
  {
    name: 'one duplicate too many without a key',
    damage: `INSERT INTO small VALUES (1, 'x')`,
    repair: `DELETE FROM small WHERE rowid = (SELECT max(rowid) FROM small WHERE a = 1)`,
    differences: [{ ...extraSmall, source: null, replica: '1, "x"' }],
  },
  {
    name: 'a changed value without a key',
    damage: `UPDATE small SET b = 'u' WHERE a = 3`,
    repair: `UPDATE small SET b = 'ü' WHERE a = 3`,
    differences: [
      { ...extraSmall, kind: 'missing row', source: '3, "ü"', replica: null },
      { ...extraSmall, source: null, replica: '3, "u"' },
    ],
  },
  {
    name: 'another type',
    damage: 'ALTER TABLE small ALTER a TYPE BIGINT',
    repair: 'ALTER TABLE small ALTER a TYPE INTEGER',
    differences: [
      {
        kind: 'column',
        table: 'small',
        key: null,
        column: 'a',
        source: 'a INTEGER',
        replica: 'a BIGINT',
      },
    ],
  },
  {
    name: 'a missing table',
    damage: 'ALTER TABLE small RENAME TO elsewhere',
    repair: 'ALTER TABLE elsewhere RENAME TO small',
    differences: [
      {
        kind: 'missing table',
        table: 'small',
        key: null,
        column: null,
        source: null,
        replica: null,
      },
    ],
  },
  {
    name: 'a rejected value that is not on record',
    damage: `UPDATE _ducktail.rejected_values SET source_text = '0000-00-01'`,
    repair: `UPDATE _ducktail.rejected_values SET source_text = '0000-00-00'`,
    differences: ['source', 'replica'].map((side) => ({
      kind: 'rejected value' as const,
      table: 'dates',
      key: null,
      column: null,
      source: side === 'source' ? '["d","[\\"2\\"]","0000-00-00"]' : null,
      replica: side === 'replica' ? '["d","[\\"2\\"]","0000-00-01"]' : null,
    })),
  },
];

test('the comparison finds every kind of difference, and nothing else', async (t) => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  const duckdbPath = folder.file('replica.duckdb');
  await writeSameTables(source, duckdbPath);
  assert.deepEqual(await compareReplica(source, duckdbPath), {
    tables: 4,
    rows: 2 * MANY + 5 + 3,
    differences: [],
  });
  for (const { name, damage, repair, differences } of DAMAGES) {
    await t.test(name, async () => {
      await write(duckdbPath, damage);
      const damaged = await compareReplica(source, duckdbPath);
      assert.deepEqual(damaged.differences, differences);
      await write(duckdbPath, repair);
      assert.deepEqual((await compareReplica(source, duckdbPath)).differences, []);
    });
  }
});
