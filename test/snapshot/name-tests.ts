import assert from 'node:assert/strict';
import test from 'node:test';
import type { SyncResult } from '../../src/model/sync-result.js';
import { assertSameData } from '../helpers/compare.js';
import { quoteReplicaName, quoteSourceName } from '../helpers/compare/canonical-column.js';
import { type DucktailRun, runDucktail } from '../helpers/ducktail.js';
import { Replica } from '../helpers/replica.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import type { Flavour } from '../servers/test-server.js';

/** MySQL's names may have every character but NUL and those beyond U+FFFF. */
const NAMES = [
  ...['with space', ' leading space', 'two  spaces', 'a.b', '.', '..', 'a/b\\c', 'percent%s', 'q?'],
  ...[
    `"`,
    `""`,
    `"double quoted"`,
    `it's`,
    '`',
    '``',
    '`back`tick`',
    `mixed"'\`quotes`,
    '$1',
    '#a',
  ],
  ...['line\nbreak', 'tab\tbed', '-- comment', '/* comment */', ';', 'a;b', '*', '(x)', '@a', '{}'],
  ...['select', 'TABLE', 'order', 'group', 'user', 'timestamp', 'null', 'true', 'rowid', 'main'],
  ...['information_schema', '_ducktail', 'sqlite_master', 'duckdb_tables', 'tables', '123', '1e5'],
  ...['ünïcödé', '表', '❤ ☃ ⭐', 'نص', 'CamelCase', 'UPPER', 'x'.repeat(64), '表'.repeat(50)],
  ...['__staging_orders', 'Ä', 'numeric(10,2)', '\\', '\\n'],
];

/** A table's name makes a file's name at the source, where these would be too long. */
const COLUMN_NAMES = [...NAMES, '表'.repeat(64), 'é'.repeat(63)];

function sync(
  source: TestSource,
  duckdbPath: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<DucktailRun> {
  return runDucktail(['sync', '--json'], {
    MYSQL_URL: source.url,
    DUCKDB_PATH: duckdbPath,
    ...variables,
  });
}

/** Copies of tables and columns of every name, from a server of the flavour. */
export function nameTests(flavour: Flavour): void {
  test(`tables of ${flavour} keep their names`, async () => {
    await using source = await TestSource.open(flavour);
    await using folder = await TempFolder.open();
    for (const [index, name] of NAMES.entries()) {
      const table = quoteSourceName(name);
      await source.run(
        `CREATE TABLE ${table} (id INT PRIMARY KEY, v VARCHAR(20))`,
        `INSERT INTO ${table} VALUES (${index}, 'of ${index}'), (-1, NULL)`,
      );
    }
    const run = await sync(source, folder.file('replica.duckdb'));
    assert.equal(run.exitCode, 0, run.stderr);
    const { tables } = run.json<SyncResult>();
    assert.deepEqual(tables.map(({ table }) => table).sort(), [...NAMES].sort());
    assert.ok(tables.every(({ rows, error }) => rows === 2 && error === null));
    const compared = await assertSameData(source, folder.file('replica.duckdb'));
    assert.deepEqual([compared.tables, compared.rows], [NAMES.length, NAMES.length * 2]);
    using replica = await Replica.open(folder.file('replica.duckdb'));
    const found = await replica.texts(
      `SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main' AND NOT temporary`,
    );
    assert.deepEqual(found.flat().sort(), [...NAMES].sort());
  });

  test(`columns of ${flavour} keep their names, in keys too`, async () => {
    await using source = await TestSource.open(flavour);
    await using folder = await TempFolder.open();
    const columns = COLUMN_NAMES.map(quoteSourceName);
    await source.run(
      `CREATE TABLE names (${columns.map((column) => `${column} INT NOT NULL`).join(', ')},
         PRIMARY KEY (${quoteSourceName('a.b')}, ${quoteSourceName('`')}, ${quoteSourceName('❤ ☃ ⭐')}))`,
      ...[1, 2, 3].map(
        (row) => `INSERT INTO names VALUES (${columns.map((_, at) => row * 1000 + at).join(', ')})`,
      ),
    );
    const run = await sync(source, folder.file('replica.duckdb'));
    assert.equal(run.exitCode, 0, run.stderr);
    await assertSameData(source, folder.file('replica.duckdb'));
    using replica = await Replica.open(folder.file('replica.duckdb'));
    const selected = COLUMN_NAMES.map((name) => `CAST(${quoteReplicaName(name)} AS VARCHAR)`).join(
      ', ',
    );
    const [last] = await replica.texts(
      `SELECT ${selected} FROM names ORDER BY ${quoteReplicaName('a.b')} DESC LIMIT 1`,
    );
    assert.deepEqual(
      last,
      COLUMN_NAMES.map((_, at) => String(3000 + at)),
    );
  });

  test(`tables of ${flavour} that differ by case alone are refused by both names`, async (t) => {
    await using source = await TestSource.open(flavour);
    await using folder = await TempFolder.open();
    const [[lowerCase]] = await source.texts('SELECT @@lower_case_table_names');
    if (lowerCase !== '0') {
      t.skip('this server has no two such tables');
      return;
    }
    await source.run(
      'CREATE TABLE Orders (id INT PRIMARY KEY)',
      'CREATE TABLE orders (id INT PRIMARY KEY)',
      'CREATE TABLE `Ärger` (id INT PRIMARY KEY)',
      'CREATE TABLE `ärger` (id INT PRIMARY KEY)',
      'INSERT INTO Orders VALUES (1)',
      'INSERT INTO orders VALUES (2)',
    );
    const replicaPath = folder.file('replica.duckdb');
    const run = await sync(source, replicaPath);
    assert.equal(run.exitCode, 1);
    const errors = new Map(run.json<SyncResult>().tables.map((each) => [each.table, each.error]));
    for (const name of ['Orders', 'orders']) {
      const error = errors.get(name);
      assert.ok(error, `${name} was not refused`);
      assert.match(error.message, /\bOrders\b/);
      assert.match(error.message, /\borders\b/);
      assert.match(error.hint ?? '', /EXCLUDE_TABLES/);
    }
    assert.match(run.stderr, /\bOrders\b[^]*\borders\b/);
    // DuckDB tells letters beyond A to Z apart by case, and the other tables are not held up.
    assert.deepEqual([errors.get('Ärger'), errors.get('ärger')], [null, null]);
    await assertSameData(source, replicaPath, { tables: ['Ärger', 'ärger'] });

    const one = await sync(source, replicaPath, { EXCLUDE_TABLES: 'Orders,Ä*,ä*' });
    assert.equal(one.exitCode, 0, one.stderr);
    await assertSameData(source, replicaPath, { tables: ['orders'] });
  });
}
