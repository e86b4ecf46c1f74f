import assert from 'node:assert/strict';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { migrate } from '../../src/state/migrate.js';
import type { Database } from '../../src/target/database.js';
import { openDatabase, TempDatabase } from '../target/temp-database.js';
import { TempFolder } from '../helpers/temp-folder.js';

const MIGRATIONS = fileURLToPath(new URL('../../../migrations/', import.meta.url));

async function stateTables(database: Database): Promise<string[]> {
  const rows = await database.rows(
    `SELECT table_name FROM duckdb_tables() WHERE schema_name = '_ducktail' ORDER BY ALL`,
  );
  return rows.map((row) => String(row.table_name));
}

async function applied(database: Database): Promise<unknown[]> {
  return database.rows('SELECT number, file FROM _ducktail.migrations ORDER BY number');
}

test('a new file gets every state table, and a second time nothing', async () => {
  await using temp = await TempDatabase.open();
  const { database } = temp;
  await migrate(database);
  assert.deepEqual(await stateTables(database), [
    'checkpoints',
    'migrations',
    'parked_transactions',
    'quarantined_tables',
    'rejected_values',
    'settings',
    'stream',
    'sync_runs',
    'tables',
    'watermarks',
  ]);
  const once = await applied(database);
  assert.deepEqual(once[0], { number: 1, file: '0001-state.sql' });
  await migrate(database);
  assert.deepEqual(await applied(database), once);
});

test('a migration that fails leaves nothing of itself, and the ones before stand', async () => {
  await using folder = await TempFolder.open();
  const migrations = folder.file('migrations');
  await cp(MIGRATIONS, migrations, { recursive: true });
  await writeFile(
    `${migrations}/9001-broken.sql`,
    'CREATE TABLE _ducktail.half (id INTEGER); DROP TABLE _ducktail.tables; SELECT nonsense();',
  );
  const path = folder.file('replica.duckdb');
  {
    await using database = await openDatabase(path);
    await assert.rejects(migrate(database, migrations), /nonsense/);
    const tables = await stateTables(database);
    assert.ok(!tables.includes('half'));
    assert.ok(tables.includes('tables'));
  }
  // As after a crash: the file is opened anew, and the migration has been mended.
  await writeFile(`${migrations}/9001-broken.sql`, 'CREATE TABLE _ducktail.half (id INTEGER)');
  await using database = await openDatabase(path);
  await migrate(database, migrations);
  assert.ok((await stateTables(database)).includes('half'));
  assert.deepEqual((await applied(database)).at(-1), { number: 9001, file: '9001-broken.sql' });
});

test('migrations run in the order of their numbers, other files are left alone', async () => {
  await using temp = await TempDatabase.open();
  await using folder = await TempFolder.open();
  await mkdir(folder.file('m'));
  const files: Record<string, string> = {
    '0010-third.sql': 'INSERT INTO _ducktail.steps VALUES (10)',
    '0002-second.sql': 'INSERT INTO _ducktail.steps VALUES (2)',
    '0001-first.sql': 'CREATE TABLE _ducktail.steps (number INTEGER)',
    'README.md': 'not SQL',
    '3-short.sql': 'SELECT nonsense()',
    '0004-note.sql~': 'SELECT nonsense()',
  };
  for (const [name, sql] of Object.entries(files)) await writeFile(folder.file(`m/${name}`), sql);
  await migrate(temp.database, folder.file('m'));
  assert.deepEqual(await temp.database.rows('FROM _ducktail.steps'), [
    { number: 2 },
    { number: 10 },
  ]);
});

test('the state keeps to its own schema', async () => {
  await using temp = await TempDatabase.open();
  await migrate(temp.database);
  const rows = await temp.database.rows(
    `SELECT count(*) AS n FROM duckdb_tables() WHERE schema_name <> '_ducktail'`,
  );
  assert.deepEqual(rows, [{ n: '0' }]);
});
