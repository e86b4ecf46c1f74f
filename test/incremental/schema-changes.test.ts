import test from 'node:test';
import { passSecond } from '../e2e/support/server-clock.js';
import type { TestSource } from '../helpers/test-source.js';
import { schemaChangeTests } from './support/schema-change-tests.js';
import { SyncedCopy } from './support/synced-copy.js';

/** From 100,000 rows on a replica is altered in place where that is exact. */
const LARGE_ROWS = 100_500;

schemaChangeTests('mariadb');

test('large tables whose definition changes', async (t) => {
  await using copy = await SyncedCopy.open('mysql', { EXCLUDE_TABLES: 'numbers' });
  const { source } = copy;
  await source.addNumbers(LARGE_ROWS);
  for (const table of ['anew', 'dropped', 'renamed', 'widened']) await addLarge(source, table);
  await copy.sync();
  await passSecond(source);
  await source.run(
    'ALTER TABLE dropped DROP COLUMN gone',
    'ALTER TABLE renamed CHANGE gone here INT',
    `ALTER TABLE widened MODIFY small INT, MODIFY d DECIMAL(20,2), MODIFY word VARCHAR(200),
         ADD COLUMN extra INT NULL`,
    `UPDATE widened SET small = 2000000000, d = 123456789012345678.12, word = REPEAT('x', 200),
         extra = 5 WHERE id = 5`,
    'DROP TABLE anew',
  );
  await addLarge(source, 'anew');
  await source.run(
    'UPDATE anew SET word = 7, changed = changed WHERE id < 10',
    'ALTER TABLE anew ADD COLUMN extra INT NULL',
    'ANALYZE TABLE anew, dropped, renamed, widened',
  );
  const synced = await copy.sync();
  for (const { table } of synced.all()) {
    await t.test(table, async () => {
      await copy.assertSame({ tables: [table] });
    });
  }
  await t.test('and are followed as before', async () => {
    await copy.syncAgain();
  });
});

async function addLarge(source: TestSource, table: string): Promise<void> {
  await source.run(
    `CREATE TABLE ${table} (id INT PRIMARY KEY, small SMALLINT, d DECIMAL(8,2), gone INT,
       word VARCHAR(10), changed TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
       ON UPDATE CURRENT_TIMESTAMP, KEY (changed))`,
    `INSERT INTO ${table} SELECT n, n % 100, n / 100, 7, 'w',
       '2024-01-01 00:00:00' + INTERVAL n SECOND FROM numbers`,
    `ANALYZE TABLE ${table}`,
  );
}
