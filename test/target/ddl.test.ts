import assert from 'node:assert/strict';
import test from 'node:test';
import { stagingTableName } from '../../src/common/identifiers.js';
import type { Database } from '../../src/target/database.js';
import {
  createSchema,
  createTable,
  dropOrphanedStagingTables,
  qualifiedName,
  swapTable,
  viewNames,
} from '../../src/target/ddl.js';
import { planOf } from '../batch/built-column.js';
import { TempDatabase } from './temp-database.js';

const NAMES = ['orders', 'Orders "quoted"', 'select', 'a.b', 'über 🦆', ' ', "it's", '_ducktail'];
const COLUMNS = [planOf('int', {}, { name: 'a "b" .c' }), planOf('varchar(3)', {}, { name: 'x' })];

async function tables(database: Database, schema: string): Promise<string[]> {
  const rows = await database.rows(
    'SELECT table_name FROM duckdb_tables() WHERE schema_name = ? ORDER BY ALL',
    [schema],
  );
  return rows.map((row) => String(row.table_name));
}

test('any name can be a schema’s, a table’s and a column’s', async () => {
  await using temp = await TempDatabase.open();
  const { database } = temp;
  for (const schema of ['main', 'my "copy"', 'select']) {
    await createSchema(database, schema);
    await createSchema(database, schema);
    for (const name of NAMES) {
      const staging = stagingTableName(name);
      await createTable(database, schema, staging, COLUMNS);
      await database.run(`INSERT INTO ${qualifiedName(database, schema, staging)} VALUES (1, 'y')`);
      await database.transaction(() => swapTable(database, schema, staging, name));
      assert.deepEqual(await database.rows(`FROM ${qualifiedName(database, schema, name)}`), [
        { 'a "b" .c': 1, x: 'y' },
      ]);
    }
    assert.deepEqual((await tables(database, schema)).length, NAMES.length);
  }
});

test('a table that is swapped in takes the place of the old one, views follow', async () => {
  await using temp = await TempDatabase.open();
  const { database } = temp;
  await database.run('CREATE TABLE t AS SELECT 1 AS old, 2 AS kept');
  await database.run('CREATE VIEW v AS SELECT kept FROM t');
  const staging = stagingTableName('t');
  await database.run(`CREATE TABLE "${staging}" AS SELECT 3 AS kept, 'x' AS added`);
  const reader = await database.connect();
  await reader.run('BEGIN TRANSACTION');
  await reader.run('FROM t');

  await database.transaction(() => swapTable(database, 'main', staging, 't'));
  assert.deepEqual(await database.rows('FROM t'), [{ kept: 3, added: 'x' }]);
  assert.deepEqual(await database.rows('FROM v'), [{ kept: 3 }]);
  const before = await reader.runAndReadAll('FROM t');
  assert.deepEqual(before.getRowObjectsJson(), [{ old: 1, kept: 2 }]);
});

test('a swap that is rolled back leaves both tables', async () => {
  await using temp = await TempDatabase.open();
  const { database } = temp;
  await database.run('CREATE TABLE t AS SELECT 1 AS id');
  const staging = stagingTableName('t');
  await database.run(`CREATE TABLE "${staging}" AS SELECT 2 AS id`);
  const swap = database.transaction(async () => {
    await swapTable(database, 'main', staging, 't');
    throw new Error('no');
  });
  await assert.rejects(swap, /^Error: no$/);
  assert.deepEqual(await database.rows('FROM t'), [{ id: 1 }]);
  assert.deepEqual(await tables(database, 'main'), [staging, 't'].sort());
});

test('a source table may have the name of one of DuckDB’s own views', async () => {
  await using temp = await TempDatabase.open();
  const { database } = temp;
  for (const round of [1, 2]) {
    const staging = stagingTableName('duckdb_tables');
    await database.run(`CREATE TABLE "${staging}" AS SELECT ${round} AS round`);
    await database.transaction(() => swapTable(database, 'main', staging, 'duckdb_tables'));
    assert.deepEqual(
      await database.rows(`FROM ${qualifiedName(database, 'main', 'duckdb_tables')}`),
      [{ round }],
    );
  }
});

test('only staging tables of the schema are dropped as orphans', async () => {
  await using temp = await TempDatabase.open();
  const { database } = temp;
  await createSchema(database, 'other');
  const [first, second] = [stagingTableName('orders'), stagingTableName('x\n__staging_y')];
  const kept = ['__staging_orders', '__staging_orders_2024', `my${first}`, `${first}_copy`];
  for (const name of [first, second, ...kept]) {
    await createTable(database, 'main', name, COLUMNS);
  }
  const elsewhere = stagingTableName('orders');
  await createTable(database, 'other', elsewhere, COLUMNS);
  assert.deepEqual(
    (await dropOrphanedStagingTables(database, 'main')).sort(),
    [first, second].sort(),
  );
  assert.deepEqual(await tables(database, 'main'), kept.sort());
  assert.deepEqual(await tables(database, 'other'), [elsewhere]);
  assert.deepEqual(await dropOrphanedStagingTables(database, 'main'), []);
});

test('views are those that the user made in the schema', async () => {
  await using temp = await TempDatabase.open();
  const { database } = temp;
  await createSchema(database, 'other');
  await database.run('CREATE VIEW "My View" AS SELECT 1 AS one');
  await database.run('CREATE VIEW other.elsewhere AS SELECT 1 AS one');
  assert.deepEqual(await viewNames(database, 'main'), ['My View']);
});
