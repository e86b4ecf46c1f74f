import assert from 'node:assert/strict';
import test from 'node:test';
import type { Flavour } from '../../servers/test-server.js';
import { SyncedCopy } from './synced-copy.js';

const ROWS = 10_000;

/** Keys by the number `n`, from types that sort differently in either database. */
const TABLES: Readonly<Record<string, { readonly ddl: string; readonly key: string }>> = {
  by_number: { ddl: 'n INT, k INT PRIMARY KEY', key: 'n * 3 - 20000' },
  by_text: {
    ddl: 'n INT, k VARCHAR(20) COLLATE utf8mb4_general_ci PRIMARY KEY',
    key: "CONCAT(IF(n % 2, 'Key ', 'kEY '), CONV(n * 7919, 10, 36), IF(n % 3, 'é', '_'))",
  },
  by_bytes: { ddl: 'n INT, k BINARY(16) PRIMARY KEY', key: 'UNHEX(LEFT(SHA2(n, 256), 32))' },
  by_three: {
    ddl: 'n INT, k VARCHAR(5), l DATETIME(3), m TINYINT UNSIGNED, PRIMARY KEY (k, m, l)',
    key: "CONV(n % 700, 10, 36), '2024-01-01' + INTERVAL n MINUTE, n % 256",
  },
  by_moment: {
    ddl: 'n INT, k TIMESTAMP(6) NOT NULL PRIMARY KEY',
    key: "'2024-03-31 00:00:00' + INTERVAL n * 17 SECOND + INTERVAL n MICROSECOND",
  },
};

/** Deletes of every pattern: here and there, a range, both ends, nearly all. */
const PATTERNS = [
  `n % 997 = 3 OR n < 10 OR n >= ${ROWS - 10}`,
  'n BETWEEN 5000 AND 6999',
  'n % 100 <> 50',
];

/** Rows that go from tables of many, on a server of the flavour. */
export function goneRowTests(flavour: Flavour): void {
  test(`rows that are gone from tables of many go from the copy of ${flavour}`, async (t) => {
    await using copy = await SyncedCopy.open(flavour, { EXCLUDE_TABLES: 'numbers' });
    const { source } = copy;
    const tables = Object.keys(TABLES);
    await source.addNumbers(ROWS);
    for (const [table, { ddl, key }] of Object.entries(TABLES)) {
      await source.run(
        `CREATE TABLE ${table} (changed TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
           ON UPDATE CURRENT_TIMESTAMP, ${ddl}, KEY (changed))`,
        `INSERT INTO ${table} SELECT '2024-01-01' + INTERVAL n SECOND, n, ${key} FROM numbers`,
      );
    }
    await copy.sync();
    for (const pattern of PATTERNS) {
      await t.test(pattern, async () => {
        const gone = new Map<string, number>();
        for (const table of tables) {
          const [[count]] = await source.texts(
            `SELECT CAST(COUNT(*) AS CHAR) FROM ${table} WHERE ${pattern}`,
          );
          gone.set(table, Number(count));
          await source.run(`DELETE FROM ${table} WHERE ${pattern}`);
        }
        const synced = await copy.sync(['--deletes']);
        for (const table of tables) {
          assert.equal(synced.get(table).deleted, gone.get(table), table);
          const counts = `SELECT (SELECT count(*) FROM ${table})::VARCHAR, row_count::VARCHAR
                            FROM _ducktail.tables WHERE table_name = '${table}'`;
          const [[rows, recorded]] = await copy.texts(counts);
          const [[there]] = await source.texts(`SELECT CAST(COUNT(*) AS CHAR) FROM ${table}`);
          assert.deepEqual([rows, recorded], [there, there], table);
        }
      });
    }
    await copy.assertSame({ tables });
    await copy.syncAgain(['--deletes']);
  });
}
