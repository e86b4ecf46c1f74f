import type { TestSource } from '../../helpers/test-source.js';

/** The highest `changed` of what is seeded. */
export const SEEDED_UNTIL = '2024-02-01 00:00:00';

const KIB = 1024;
const SEEDED = 300;

/** Seeded rows of `orders` that go. */
export const GONE_ROWS = 50;
/** Rows of `orders` that change or come: two batches of 16 MiB at most. */
export const CHANGED_ROWS = 340;

/**
 * Makes `orders` and `events`. A date in ten is one that the replica cannot hold, so that what is
 * recorded of these has to keep step too.
 */
export async function seedWideTables(source: TestSource): Promise<void> {
  await source.addNumbers(SEEDED);
  await source.run(
    `CREATE TABLE orders (id INT PRIMARY KEY, v LONGTEXT NOT NULL, d DATE NOT NULL,
       changed TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
       KEY (changed))`,
    `INSERT INTO orders SELECT n, 'seeded', IF(n % 10 = 0, '0000-00-00', '2024-01-01'),
       '${SEEDED_UNTIL}' - INTERVAL n MINUTE FROM numbers WHERE n < ${SEEDED}`,
    'CREATE TABLE events (id INT AUTO_INCREMENT PRIMARY KEY, v INT)',
    'INSERT INTO events (v) SELECT n FROM numbers WHERE n < 100',
  );
}

/** Changes `rows` rows of 64 KiB in `orders`, some of them new; drops `numbers`. */
export async function addWideChanges(source: TestSource, rows = CHANGED_ROWS): Promise<void> {
  await source.run('DROP TABLE numbers');
  await source.addNumbers(rows);
  await source.run(
    `DELETE FROM orders WHERE id >= ${SEEDED - GONE_ROWS}`,
    // Updates and inserts in turn, in another order than the key's.
    `REPLACE INTO orders SELECT IF(n < ${SEEDED - GONE_ROWS}, n, n + 1000), REPEAT(SHA2(n, 256), ${KIB}),
       IF(n % 7 = 0, '0000-00-00', '2024-01-02'),
       '2024-06-01 00:00:00' + INTERVAL (n * 7919 % ${rows}) SECOND + INTERVAL n MICROSECOND
       FROM numbers WHERE n < ${rows}`,
    'INSERT INTO events (v) SELECT n FROM numbers WHERE n < 50',
    'DELETE FROM events WHERE id % 3 = 0',
    'DROP TABLE numbers',
  );
}
