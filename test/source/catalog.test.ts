import assert from 'node:assert/strict';
import test from 'node:test';
import type { TableSchema } from '../../src/model/table-schema.js';
import { readCatalog } from '../../src/source/catalog.js';
import { openSession } from '../../src/source/connect.js';
import { TestSource } from '../helpers/test-source.js';
import { endpointOf } from './test-account.js';

async function catalogOf(source: TestSource): Promise<Map<string, TableSchema>> {
  await using session = await openSession(endpointOf(source.url));
  const tables = await readCatalog(session, source.database);
  return new Map(tables.map((table) => [table.name, table]));
}

const KEYS: readonly [columns: string, key: string[] | null][] = [
  ['id INT PRIMARY KEY, code INT NOT NULL UNIQUE', ['id']],
  ['a INT NOT NULL, b INT NOT NULL, PRIMARY KEY (b, a)', ['b', 'a']],
  ['a INT NULL, b INT NOT NULL, UNIQUE (a), UNIQUE z (b)', ['b']],
  ['a INT NULL, b INT NOT NULL, UNIQUE (b, a)', null],
  ['a INT NOT NULL, INDEX (a)', null],
  ['a INT', null],
  ['`a b``c` VARBINARY(16) NOT NULL, PRIMARY KEY (`a b``c`)', ['a b`c']],
  ['t TEXT NOT NULL, PRIMARY KEY (t(10))', ['t']],
];

const WATERMARKS: readonly [columns: string, watermark: TableSchema['watermark']][] = [
  [
    `id INT AUTO_INCREMENT PRIMARY KEY, updated_at DATETIME,
     changed TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
     INDEX (updated_at)`,
    { column: 'changed', reason: 'on-update-timestamp', indexName: null },
  ],
  [
    `id INT PRIMARY KEY,
     a DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
     b DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, INDEX (b)`,
    { column: 'b', reason: 'on-update-timestamp', indexName: 'b' },
  ],
  [
    'id INT AUTO_INCREMENT PRIMARY KEY, Updated_At DATETIME, INDEX (Updated_At)',
    { column: 'Updated_At', reason: 'usual-name', indexName: 'Updated_At' },
  ],
  [
    'id INT AUTO_INCREMENT PRIMARY KEY, modified DATETIME, updated_at DATETIME',
    { column: 'updated_at', reason: 'usual-name', indexName: null },
  ],
  [
    'id INT AUTO_INCREMENT PRIMARY KEY, updated_at DATETIME, modified DATETIME, INDEX (modified)',
    { column: 'modified', reason: 'usual-name', indexName: 'modified' },
  ],
  [
    'id INT AUTO_INCREMENT PRIMARY KEY, born DATETIME',
    { column: 'id', reason: 'auto-increment', indexName: 'PRIMARY' },
  ],
  ['id INT PRIMARY KEY, updated_at INT, INDEX (updated_at)', null],
];

for (const flavour of ['mysql', 'mariadb'] as const) {
  test(`${flavour}: the key is the one that tells rows apart`, async () => {
    await using source = await TestSource.open(flavour);
    for (const [at, [columns]] of KEYS.entries()) {
      await source.run(`CREATE TABLE t${at} (${columns})`);
    }
    const catalog = await catalogOf(source);
    for (const [at, [columns, key]] of KEYS.entries()) {
      assert.deepEqual(catalog.get(`t${at}`)?.key?.columns ?? null, key, columns);
    }
  });

  test(`${flavour}: the watermark column is the best there is`, async () => {
    await using source = await TestSource.open(flavour);
    for (const [at, [columns]] of WATERMARKS.entries()) {
      await source.run(`CREATE TABLE t${at} (${columns})`);
    }
    const catalog = await catalogOf(source);
    for (const [at, [columns, watermark]] of WATERMARKS.entries()) {
      assert.deepEqual(catalog.get(`t${at}`)?.watermark ?? null, watermark, columns);
    }
  });

  test(`${flavour}: columns come in order, generated and invisible ones too; views don't`, async () => {
    await using source = await TestSource.open(flavour);
    await source.run(
      `CREATE TABLE Things (
         z INT UNSIGNED NOT NULL, a DECIMAL(20,4), hidden INT INVISIBLE DEFAULT 1,
         s VARCHAR(10) CHARACTER SET latin1 COLLATE latin1_bin,
         twice INT AS (z * 2) VIRTUAL, kept INT AS (z + 1) STORED, doc JSON, e ENUM('x', 'Y'))`,
      'CREATE VIEW seen AS SELECT 1 AS one',
      'CREATE TABLE things (id INT)',
    );
    const catalog = await catalogOf(source);
    assert.deepEqual([...catalog.keys()].sort(), ['Things', 'things']);
    const columns = catalog.get('Things')?.columns ?? [];
    assert.deepEqual(
      columns.map(({ name }) => name),
      ['z', 'a', 'hidden', 's', 'twice', 'kept', 'doc', 'e'],
    );
    const [z, a, , s, , , doc, e] = columns;
    assert.match(z.columnType, /^int(\(\d+\))? unsigned$/);
    assert.equal(z.nullable, false);
    assert.deepEqual([a.numericPrecision, a.numericScale, a.nullable], [20, 4, true]);
    assert.deepEqual([s.characterSet, s.collation], ['latin1', 'latin1_bin']);
    assert.deepEqual(
      [doc.dataType, doc.isJsonText],
      flavour === 'mysql' ? ['json', false] : ['longtext', true],
    );
    assert.equal(e.dataType, 'enum');
  });

  test(`${flavour}: rows are estimated as of now`, async () => {
    await using source = await TestSource.open(flavour);
    await source.addNumbers(10_000);
    assert.ok((await catalogOf(source)).has('numbers'));
    await source.run('ANALYZE TABLE numbers');
    const first = (await catalogOf(source)).get('numbers');
    assert.ok(Math.abs((first?.estimatedRows ?? 0) - 10_000) < 3000, String(first?.estimatedRows));
    await source.run('DELETE FROM numbers WHERE n >= 100', 'ANALYZE TABLE numbers');
    const second = (await catalogOf(source)).get('numbers');
    assert.ok((second?.estimatedRows ?? 0) < 3000, String(second?.estimatedRows));
  });
}
