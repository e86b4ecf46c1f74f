import assert from 'node:assert/strict';
import test from 'node:test';
import type { Chunk } from '../../src/model/chunk.js';
import type { TableSchema } from '../../src/model/table-schema.js';
import { readCatalog } from '../../src/source/catalog.js';
import { chunkQuery, planChunks } from '../../src/source/chunk-planner.js';
import { openSession } from '../../src/source/connect.js';
import { TestSource } from '../helpers/test-source.js';
import type { Flavour } from '../servers/test-server.js';
import { endpointOf } from './test-account.js';

const READERS = 2;
/** No reader should have to read more than this of a table alone. */
const MAX_SHARE = 0.6;

interface Shape {
  readonly name: string;
  /** Columns and key. */
  readonly columns: string;
  /** Statements that fill the table from `numbers` (0 to 159,999). */
  readonly inserts: readonly string[];
  /** Statements on the table after planning: rows where no chunk has a bound of its own. */
  readonly later: readonly string[];
}

const SHAPES: readonly Shape[] = [
  {
    name: 'dense',
    columns: 'id INT UNSIGNED NOT NULL PRIMARY KEY, v INT',
    inserts: ['INSERT INTO dense SELECT n + 1, n FROM numbers'],
    later: ['INSERT INTO dense VALUES (0, 1), (4294967295, 2)'],
  },
  {
    name: 'negative',
    columns: 'id BIGINT NOT NULL PRIMARY KEY',
    inserts: ['INSERT INTO negative SELECT n - 80000 FROM numbers'],
    later: [
      'INSERT INTO negative VALUES (-9223372036854775808), (9223372036854775807)',
      'DELETE FROM negative WHERE id = 0',
    ],
  },
  {
    name: 'sparse',
    columns: 'id BIGINT UNSIGNED NOT NULL PRIMARY KEY',
    inserts: [
      'INSERT INTO sparse SELECT CAST(n AS UNSIGNED) * 92233720368547 + (n MOD 7) FROM numbers',
    ],
    later: ['INSERT INTO sparse VALUES (18446744073709551615), (1)'],
  },
  {
    name: 'skewed',
    columns: 'id BIGINT NOT NULL PRIMARY KEY',
    // All but a handful lie in a hundred-thousandth of the range.
    inserts: [
      'INSERT INTO skewed SELECT n + 500000000000 FROM numbers',
      'INSERT INTO skewed VALUES (1), (1000000000000), (9000000000000000000)',
    ],
    later: ['INSERT INTO skewed VALUES (0), (500000200001)'],
  },
  {
    name: 'tenants',
    columns: `tenant_id INT NOT NULL, id BIGINT NOT NULL, v INT, PRIMARY KEY (tenant_id, id)`,
    // One tenant has nine tenths of the rows.
    inserts: [
      `INSERT INTO tenants SELECT IF(n MOD 10 = 0, n DIV 10 MOD 500, 250), n, n FROM numbers`,
    ],
    later: [
      `INSERT INTO tenants VALUES (-1, 1, 1), (250, -1, 1), (250, 9999999, 1), (250, 100000000, 1),
         (249, 999999999, 1), (251, -5, 1), (100000, 1, 1)`,
    ],
  },
  {
    name: 'one_tenant',
    columns: `tenant_id INT NOT NULL, kind CHAR(1) NOT NULL, id BIGINT NOT NULL,
      PRIMARY KEY (tenant_id, kind, id)`,
    inserts: [`INSERT INTO one_tenant SELECT 7, 'a', n FROM numbers`],
    later: [`INSERT INTO one_tenant VALUES (6, 'a', 1), (7, 'A', -5), (7, 'b', 3), (8, 'a', 1)`],
  },
  {
    name: 'uuids',
    columns: 'id CHAR(36) NOT NULL PRIMARY KEY',
    inserts: ['INSERT INTO uuids SELECT UUID() FROM numbers'],
    later: [
      `INSERT INTO uuids VALUES (''), ('zzz'), ('00000000-0000-0000-0000-000000000000'),
         ('ffffffff-ffff-ffff-ffff-ffffffffffff'), ('éèê'), ('😀')`,
    ],
  },
  {
    name: 'hashes',
    columns: 'id VARCHAR(40) CHARACTER SET latin1 COLLATE latin1_bin NOT NULL PRIMARY KEY',
    inserts: ['INSERT INTO hashes SELECT SUBSTRING(SHA2(n, 256), 1, 40) FROM numbers'],
    later: [`INSERT INTO hashes VALUES (''), ('~'), ('ÿ')`],
  },
  {
    name: 'words',
    columns: 'id VARCHAR(80) NOT NULL PRIMARY KEY',
    // A long common beginning, as in paths and e-mail addresses of one company.
    inserts: [`INSERT INTO words SELECT CONCAT('https://example.org/orders/', n) FROM numbers`],
    later: [
      `INSERT INTO words VALUES ('a'), ('https://example.org/orders/'), ('Ž'), ('https://f')`,
    ],
  },
  {
    name: 'names',
    columns: 'id VARCHAR(40) NOT NULL PRIMARY KEY',
    inserts: [
      `INSERT INTO names SELECT CONCAT(ELT(1 + n MOD 6, 'анна', 'Борис', 'вера', 'Ольга', 'яна',
         'юрий'), ' ', n) FROM numbers`,
    ],
    later: [`INSERT INTO names VALUES (''), ('ёж'), ('zz'), ('龍'), ('-'), ('😀')`],
  },
  {
    name: 'latin_names',
    columns: 'id VARCHAR(40) CHARACTER SET latin1 NOT NULL PRIMARY KEY',
    inserts: [
      `INSERT INTO latin_names SELECT CONCAT(ELT(1 + n MOD 6, 'Ägir', 'éclair', 'Zoë', 'ÿ', 'ñandú',
         '-'), n) FROM numbers`,
    ],
    later: [`INSERT INTO latin_names VALUES (''), ('ÿÿ'), ('zz')`],
  },
  {
    name: 'mixed_case',
    columns: 'id VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY',
    inserts: [`INSERT INTO mixed_case SELECT TO_BASE64(UNHEX(SHA2(n, 224))) FROM numbers`],
    later: [`INSERT INTO mixed_case VALUES (''), ('~'), ('Z'), ('a')`],
  },
  {
    name: 'bytes',
    columns: 'id VARBINARY(16) NOT NULL PRIMARY KEY',
    inserts: ['INSERT INTO bytes SELECT UNHEX(SUBSTRING(SHA2(n, 256), 1, 32)) FROM numbers'],
    later: [`INSERT INTO bytes VALUES (x''), (x'00'), (x'ffffffffffffffffffffffffffffffff')`],
  },
  {
    name: 'fixed_bytes',
    columns: 'id BINARY(4) NOT NULL PRIMARY KEY',
    inserts: [`INSERT INTO fixed_bytes SELECT UNHEX(LPAD(HEX(n), 8, '0')) FROM numbers`],
    later: [`INSERT INTO fixed_bytes VALUES (x'ffffffff'), (x'80000000')`],
  },
  {
    name: 'moments',
    columns: 'at DATETIME(6) NOT NULL PRIMARY KEY',
    inserts: [
      `INSERT INTO moments SELECT TIMESTAMPADD(MICROSECOND, n * 1234567, '2024-01-01') FROM numbers`,
    ],
    later: [`INSERT INTO moments VALUES ('1000-01-01'), ('9999-12-31 23:59:59.999999')`],
  },
  {
    name: 'stamps',
    columns: 'at TIMESTAMP NOT NULL, id INT NOT NULL, PRIMARY KEY (at, id)',
    inserts: [
      `INSERT INTO stamps SELECT TIMESTAMPADD(SECOND, n DIV 1000, '2024-03-31 00:30:00'), n
         FROM numbers`,
    ],
    later: [`INSERT INTO stamps VALUES ('1970-01-01 00:00:01', 1), ('2038-01-19 03:14:07', 1)`],
  },
  {
    name: 'amounts',
    columns: 'id DECIMAL(20,4) NOT NULL PRIMARY KEY',
    inserts: ['INSERT INTO amounts SELECT (n - 80000) * 1.0625 FROM numbers'],
    later: ['INSERT INTO amounts VALUES (-9999999999999999.9999), (9999999999999999.9999)'],
  },
  {
    name: 'secondary',
    columns: 'v INT, code INT NOT NULL, UNIQUE KEY `by ``code``` (code)',
    inserts: ['INSERT INTO secondary SELECT n, n * 2 FROM numbers'],
    later: ['INSERT INTO secondary VALUES (1, -1), (2, 2147483647), (3, 3)'],
  },
];

/** So many that the half of them, above which no server estimates, is more than a chunk should have. */
const ROWS = 160_000;

async function describe(source: TestSource, name: string): Promise<TableSchema> {
  await using session = await openSession(endpointOf(source.url));
  const table = (await readCatalog(session, source.database)).find((one) => one.name === name);
  assert.ok(table, name);
  return table;
}

/** How many rows each chunk has, and how many rows of the table no chunk or several have. */
async function coverage(
  source: TestSource,
  table: TableSchema,
  chunks: readonly Chunk[],
): Promise<{ counts: number[]; misplaced: number }> {
  const conditions = chunks.map(({ condition }) => condition ?? '1');
  const inside = conditions.map((condition) => `(${condition})`);
  const [row] = await source.texts(
    `SELECT SUM(${inside.join(' + ')} <> 1), ${inside.map((one) => `SUM(${one})`).join(', ')}
       FROM \`${table.name}\``,
  );
  const [misplaced, ...counts] = row.map(Number);
  return { counts, misplaced };
}

/** Chunks of tables of every key, or of those named, on a server of the flavour. */
export function chunkPlannerTests(flavour: Flavour, names?: readonly string[]): void {
  const shapes = SHAPES.filter(({ name }) => names?.includes(name) ?? true);

  test(`${flavour}: chunks hold every row once, and none most of them`, async (t) => {
    await using source = await TestSource.open(flavour);
    await source.run('SET SESSION sql_log_bin = 0');
    await source.addNumbers(ROWS);
    await using session = await openSession(endpointOf(source.url));
    for (const { name, columns, inserts, later } of shapes) {
      await t.test(name, async () => {
        await source.run(
          `CREATE TABLE ${name} (${columns})`,
          ...inserts,
          // With the exact count, so that plans don't depend on the statistics' luck.
          `ANALYZE TABLE ${name}`,
        );
        const [[rows]] = await source.texts(`SELECT COUNT(*) FROM ${name}`);
        const table = { ...(await describe(source, name)), estimatedRows: Number(rows) };
        const chunks = await planChunks(session, table, READERS);
        assert.ok(chunks.length <= 64, String(chunks.length));
        await source.run(...later);
        const { misplaced, counts } = await coverage(source, table, chunks);
        assert.equal(misplaced, 0, JSON.stringify(chunks));
        const largest = Math.max(...counts);
        assert.ok(
          largest <= MAX_SHARE * Number(rows),
          `${largest} of ${rows}: ${JSON.stringify(chunks).slice(0, 2000)}`,
        );
        // As they are read: with the columns and the index named.
        let read = 0;
        for (const chunk of chunks) {
          const [[count]] = await source.texts(
            `SELECT COUNT(*) FROM (${chunkQuery(table, chunk)}) AS chunk`,
          );
          read += Number(count);
        }
        const [[now]] = await source.texts(`SELECT COUNT(*) FROM ${name}`);
        assert.equal(read, Number(now));
        await source.run(`DROP TABLE ${name}`);
      });
    }
  });

  test(`${flavour}: tables that nothing cuts are one range`, async (t) => {
    await using source = await TestSource.open(flavour);
    await using session = await openSession(endpointOf(source.url));
    const uncut: readonly [name: string, columns: string][] = [
      ['small', 'id INT NOT NULL PRIMARY KEY'],
      ['keyless', 'id INT NOT NULL, INDEX (id)'],
      ['nullable', 'id INT NULL UNIQUE'],
      ['by_enum', `id ENUM('a', 'b') NOT NULL PRIMARY KEY`],
      ['emptied', 'id INT NOT NULL PRIMARY KEY'],
    ];
    for (const [name, columns] of uncut) {
      await t.test(name, async () => {
        await source.run(`CREATE TABLE ${name} (${columns})`);
        const estimatedRows = name === 'small' ? 49_999 : 10_000_000;
        const table = { ...(await describe(source, name)), estimatedRows };
        const chunks = await planChunks(session, table, READERS);
        assert.deepEqual(chunks, [{ condition: null }]);
        assert.match(chunkQuery(table, chunks[0]), / FROM `ducktail_test_\w+`\.`\w+`$/);
      });
    }
  });
}
