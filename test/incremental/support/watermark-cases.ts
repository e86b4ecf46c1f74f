import { day, type TableCase, withChanged } from './table-case.js';

const TYPES = [
  'TIMESTAMP(6)',
  'DATETIME(6)',
  'TIMESTAMP',
  'DATETIME',
  'TIMESTAMP(3)',
  'DATETIME(1)',
];

/** Five rows, a day apart. */
const FIVE_DAYS = [1, 2, 3, 4, 5].map(
  (id) => `INSERT INTO @ (id, v, changed) VALUES (${id}, ${id}, ${day(id)})`,
);

/** What the server itself keeps up to date, in every precision, with an index and without. */
const kept: readonly TableCase[] = TYPES.flatMap((type) =>
  [true, false].map((isIndexed) => ({
    table: `kept_${type.toLowerCase().replaceAll(/\W/g, '')}${isIndexed ? '' : '_no_index'}`,
    ddl: withChanged('id INT PRIMARY KEY, v INT', type, isIndexed ? 'KEY (changed)' : ''),
    seed: FIVE_DAYS,
    change: [
      'INSERT INTO @ (id, v) VALUES (6, 6), (-7, 7)',
      'UPDATE @ SET v = 20 WHERE id = 2',
      'UPDATE @ SET v = v WHERE id = 4',
      'UPDATE @ SET id = 30 WHERE id = 3',
      'DELETE FROM @ WHERE id = 1',
    ],
    counts: { inserted: 3, updated: 1, unchanged: 1 },
    gone: 2,
  })),
);

const nullable: readonly TableCase[] = ['TIMESTAMP(6)', 'DATETIME'].map((type) => ({
  table: `null_${type.toLowerCase().replaceAll(/\W/g, '')}`,
  ddl: `(id INT PRIMARY KEY, v INT, changed ${type} NULL DEFAULT NULL
           ON UPDATE CURRENT_TIMESTAMP${type.endsWith(')') ? '(6)' : ''}, KEY (changed))`,
  seed: [
    'INSERT INTO @ VALUES (1, 1, NULL), (2, 2, NULL), (3, 3, NULL), (7, 7, NULL)',
    `INSERT INTO @ VALUES (4, 4, ${day(4)}), (5, 5, ${day(5)})`,
  ],
  change: [
    'UPDATE @ SET v = 10 WHERE id = 1',
    'UPDATE @ SET v = 20, changed = NULL WHERE id = 2',
    'UPDATE @ SET v = 40, changed = NULL WHERE id = 4',
    'INSERT INTO @ VALUES (6, 6, NULL)',
    'DELETE FROM @ WHERE id = 7',
  ],
  counts: { inserted: 1, updated: 3, unchanged: 2 },
  gone: 1,
}));

/** Dates that clients without strict mode store. */
const zero: readonly TableCase[] = ['TIMESTAMP', 'DATETIME(6)'].map((type) => ({
  table: `zero_${type.toLowerCase().replaceAll(/\W/g, '')}`,
  ddl: `(id INT PRIMARY KEY, v INT, changed ${type} NOT NULL DEFAULT '0000-00-00 00:00:00'
           ON UPDATE CURRENT_TIMESTAMP${type.endsWith(')') ? '(6)' : ''}, KEY (changed))`,
  seed: [
    'INSERT INTO @ (id, v) VALUES (1, 1), (2, 2), (3, 3)',
    `INSERT INTO @ VALUES (4, 4, ${day(4)}), (5, 5, ${day(5)})`,
  ],
  change: [
    'UPDATE @ SET v = 10 WHERE id = 1',
    "UPDATE @ SET v = 20, changed = '0000-00-00 00:00:00' WHERE id = 2",
    "UPDATE @ SET v = 40, changed = '0000-00-00 00:00:00' WHERE id = 4",
    'INSERT INTO @ (id, v) VALUES (6, 6)',
  ],
  counts: { inserted: 1, updated: 3, unchanged: 2 },
}));

const noDates: readonly TableCase[] = [
  {
    table: 'partial_dates',
    ddl: withChanged('id INT PRIMARY KEY, v INT', 'DATETIME'),
    seed: [
      ...["(1, 1, '2023-00-00 00:00:00')", "(2, 2, '2024-05-00 00:00:00')"].map(
        (row) => `INSERT INTO @ VALUES ${row}`,
      ),
      `INSERT INTO @ VALUES (3, 3, ${day(3)}), (4, 4, '2024-02-30 00:00:00')`,
    ],
    change: [
      'UPDATE @ SET v = 10 WHERE id = 1',
      "UPDATE @ SET v = 40, changed = '2024-06-00 01:00:00' WHERE id = 4",
      'INSERT INTO @ (id, v) VALUES (5, 5)',
    ],
    counts: { inserted: 1, updated: 2 },
  },
];

/** The least that a column can hold, which some programs take for 'none': no lookback goes below. */
const earliest: readonly TableCase[] = [
  { type: 'DATETIME', least: '0000-01-01 00:00:00' },
  { type: 'DATETIME(6)', least: '0001-01-01 00:00:00' },
  { type: 'TIMESTAMP', least: '1970-01-01 00:00:01' },
].map(({ type, least }, at) => ({
  table: `earliest_${at}`,
  ddl: withChanged('id INT PRIMARY KEY, v INT', type),
  seed: [`INSERT INTO @ VALUES (1, 1, '${least}'), (2, 2, '${least}'), (3, 3, '${least}')`],
  change: [
    `UPDATE @ SET v = 10, changed = '${least}' WHERE id = 1`,
    'UPDATE @ SET v = 20 WHERE id = 2',
    `INSERT INTO @ VALUES (4, 4, '${least}')`,
    'INSERT INTO @ (id, v) VALUES (5, 5)',
  ],
  counts: { inserted: 2, updated: 2, unchanged: 1 },
}));

/** Clocks that were ahead: rows from the future come over and hold nothing up. */
const ahead: readonly TableCase[] = [
  {
    table: 'ahead_datetime',
    ddl: withChanged('id INT PRIMARY KEY, v INT', 'DATETIME(6)'),
    seed: [
      `INSERT INTO @ VALUES (1, 1, ${day(1)}), (2, 2, NOW(6) + INTERVAL 1 DAY),
         (3, 3, '2099-01-01 00:00:00'), (4, 4, '9999-12-31 23:59:59.999999')`,
    ],
    change: [
      'UPDATE @ SET v = 10 WHERE id = 1',
      'UPDATE @ SET v = 30, changed = changed WHERE id = 3',
      'UPDATE @ SET v = 40 WHERE id = 4',
      'INSERT INTO @ (id, v) VALUES (5, 5)',
    ],
    counts: { inserted: 1, updated: 3, unchanged: 1 },
  },
  {
    table: 'ahead_timestamp',
    ddl: withChanged('id INT PRIMARY KEY, v INT', 'TIMESTAMP'),
    seed: [
      `INSERT INTO @ VALUES (1, 1, ${day(1)}), (2, 2, NOW() + INTERVAL 1 HOUR),
         (3, 3, '2038-01-19 03:14:07')`,
    ],
    change: [
      'UPDATE @ SET v = 10 WHERE id = 1',
      'UPDATE @ SET v = 30, changed = changed WHERE id = 3',
      'DELETE FROM @ WHERE id = 2',
      'INSERT INTO @ (id, v) VALUES (5, 5)',
    ],
    counts: { inserted: 1, updated: 2, unchanged: 0 },
    gone: 1,
  },
];

/** What a name or an index chose, and tables without a row. */
const others: readonly TableCase[] = [
  {
    table: 'usual_name',
    ddl: '(id INT PRIMARY KEY, v INT, updated_at DATETIME NOT NULL, KEY (updated_at))',
    seed: [`INSERT INTO @ VALUES (1, 1, ${day(1)}), (2, 2, ${day(2)})`],
    change: [`UPDATE @ SET v = 3, updated_at = ${day(3)} WHERE id = 1`],
    counts: { inserted: 0, updated: 1, unchanged: 1 },
  },
  {
    table: 'first_rows',
    ddl: withChanged('id INT PRIMARY KEY, v INT'),
    seed: [],
    change: ['INSERT INTO @ (id, v) VALUES (1, 1), (2, 2)'],
    counts: { inserted: 2, updated: 0, unchanged: 0 },
  },
  {
    table: 'never_rows',
    ddl: withChanged('id INT PRIMARY KEY, v INT'),
    seed: [],
    change: [],
    counts: { inserted: 0, updated: 0, unchanged: 0 },
  },
  {
    table: 'first_numbered_rows',
    ddl: '(id INT AUTO_INCREMENT PRIMARY KEY, v INT)',
    seed: [],
    change: ['INSERT INTO @ (v) VALUES (1), (2)'],
    counts: { inserted: 2, updated: 0, unchanged: 0 },
  },
  {
    table: 'all_gone',
    ddl: withChanged('id INT PRIMARY KEY, v INT'),
    seed: FIVE_DAYS,
    change: ['DELETE FROM @'],
    counts: { inserted: 0, updated: 0, unchanged: 0 },
    gone: 5,
  },
  {
    table: 'truncated',
    ddl: withChanged('id INT PRIMARY KEY, v INT'),
    seed: FIVE_DAYS,
    change: ['TRUNCATE @', 'INSERT INTO @ (id, v) VALUES (1, 10), (7, 7)'],
    counts: { inserted: 1, updated: 1, unchanged: 0 },
    gone: 4,
  },
  {
    table: 'highest_gone',
    ddl: withChanged('id INT PRIMARY KEY, v INT'),
    seed: FIVE_DAYS,
    change: ['DELETE FROM @ WHERE id = 5'],
    counts: { inserted: 0, updated: 0, unchanged: 0 },
    gone: 1,
  },
  {
    table: 'deleted_and_back',
    ddl: withChanged('id INT PRIMARY KEY, v INT'),
    seed: FIVE_DAYS,
    change: [
      'DELETE FROM @ WHERE id IN (2, 3)',
      'INSERT INTO @ (id, v) VALUES (2, 20), (3, 3)',
      'UPDATE @ SET id = 6 WHERE id = 1',
      'UPDATE @ SET id = 1 WHERE id = 4',
    ],
    counts: { inserted: 1, updated: 3, unchanged: 1 },
    gone: 1,
  },
  {
    table: 'odd `names` of "a" \'table\' 100%',
    ddl: `(\`k\`\`ey "x" 'y'\` INT PRIMARY KEY, \`v; --\` INT, \`chan"ged '%s' \`\`\` TIMESTAMP(6) NOT NULL
            DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6))`,
    seed: [`INSERT INTO @ VALUES (1, 1, ${day(1)}), (2, 2, ${day(2)}), (3, 3, ${day(3)})`],
    change: ['UPDATE @ SET `v; --` = 10 LIMIT 1', 'DELETE FROM @ WHERE `v; --` = 2'],
    counts: { inserted: 0, updated: 1, unchanged: 1 },
    gone: 1,
  },
  {
    table: 'key_is_watermark',
    ddl: '(updated_at DATETIME(6) PRIMARY KEY, v INT)',
    seed: [`INSERT INTO @ VALUES (${day(1)}, 1), (${day(2)}, 2)`],
    change: [
      `INSERT INTO @ VALUES (${day(3)}, 3)`,
      `UPDATE @ SET v = 20 WHERE v = 2`,
      `DELETE FROM @ WHERE v = 1`,
    ],
    counts: { inserted: 1, updated: 1, unchanged: 0 },
    gone: 1,
  },
];

/** Watermarks of every kind and what befalls their tables between two syncs. */
export const WATERMARK_CASES: readonly TableCase[] = [
  ...kept,
  ...nullable,
  ...zero,
  ...noDates,
  ...earliest,
  ...ahead,
  ...others,
];
