import { day, type TableCase, withChanged } from './table-case.js';

/** A small table and what becomes of its definition; old rows keep their watermarks throughout. */
function altered(
  table: string,
  column: string,
  values: readonly string[],
  ...change: readonly string[]
): TableCase {
  return {
    table,
    ddl: withChanged(`id INT PRIMARY KEY, ${column}`),
    seed: values.map((value, at) => `INSERT INTO @ VALUES (${at}, ${value}, ${day(at + 1)})`),
    change,
  };
}

const ADD = 'ALTER TABLE @ ADD COLUMN';
const MODIFY = 'ALTER TABLE @ MODIFY';

const added: readonly TableCase[] = [
  altered('added_last', 'v INT', ['1', '2'], `${ADD} n INT`),
  altered(
    'added_last_with_rows',
    'v INT',
    ['1', '2'],
    `${ADD} n INT`,
    'UPDATE @ SET n = 5 WHERE id = 0',
  ),
  altered('added_default', 'v INT', ['1', '2'], `${ADD} n INT DEFAULT 7`),
  altered('added_not_null', 'v INT', ['1', '2'], `${ADD} n VARCHAR(10) NOT NULL`),
  altered('added_first', 'v INT', ['1', '2'], `${ADD} n INT DEFAULT 7 FIRST`),
  altered('added_middle', 'v INT', ['1', '2'], `${ADD} n INT AFTER id`),
  altered('added_computed', 'v INT', ['1', '2'], `${ADD} n INT AS (v * 2)`),
  altered(
    'added_many',
    'v INT',
    ['1', '2'],
    `${ADD} a INT, ADD b TEXT, ADD c DATE`,
    'UPDATE @ SET b = id',
  ),
  altered(
    'added_watermark',
    'v INT',
    ['1', '2'],
    `${ADD} kept DATETIME(6) ON UPDATE CURRENT_TIMESTAMP(6) FIRST, ADD KEY (kept)`,
    'UPDATE @ SET v = 5 WHERE id = 0',
  ),
];

const dropped: readonly TableCase[] = [
  altered('dropped', 'v INT, w INT', ['1, 2', '3, 4'], 'ALTER TABLE @ DROP COLUMN v'),
  altered(
    'dropped_and_added',
    'v INT, w INT',
    ['1, 2', '3, 4'],
    'ALTER TABLE @ DROP COLUMN v',
    `${ADD} v INT DEFAULT 9 AFTER id`,
  ),
  altered(
    'dropped_and_others_added',
    'v INT, w INT',
    ['1, 2', '3, 4'],
    'ALTER TABLE @ DROP COLUMN v, ADD COLUMN x INT DEFAULT 3 AFTER id',
  ),
  altered(
    'dropped_watermark',
    'v INT',
    ['1', '2'],
    'ALTER TABLE @ DROP COLUMN changed',
    'UPDATE @ SET v = 5',
  ),
];

const renamed: readonly TableCase[] = [
  altered('renamed', 'v INT', ['1', '2'], 'ALTER TABLE @ CHANGE v w INT'),
  altered(
    'renamed_watermark',
    'v INT',
    ['1', '2'],
    `ALTER TABLE @ CHANGE changed altered TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
       ON UPDATE CURRENT_TIMESTAMP(6)`,
    'UPDATE @ SET v = 5 WHERE id = 0',
  ),
  altered('renamed_key', 'v INT', ['1', '2'], 'ALTER TABLE @ CHANGE id ident INT NOT NULL'),
  altered(
    'swapped',
    'v INT, w INT',
    ['1, 2', '3, 4'],
    'ALTER TABLE @ CHANGE v w INT, CHANGE w v INT',
  ),
  altered('moved', 'v INT, w INT', ['1, 2', '3, 4'], 'ALTER TABLE @ MODIFY v INT AFTER w'),
  altered('other_case', 'v INT', ['1', '2'], 'ALTER TABLE @ CHANGE v V INT'),
];

const retyped: readonly TableCase[] = [
  altered(
    'int_to_bigint',
    'v INT',
    ['1', '2147483647'],
    `${MODIFY} v BIGINT`,
    'UPDATE @ SET v = 1 << 40 LIMIT 1',
  ),
  altered('int_to_unsigned', 'v INT', ['1', '-2'], `${MODIFY} v INT UNSIGNED`),
  altered(
    'int_to_text',
    'v INT',
    ['1', '-2'],
    `${MODIFY} v VARCHAR(20)`,
    "UPDATE @ SET v = 'x' LIMIT 1",
  ),
  altered('bigint_to_int', 'v BIGINT', ['1', '1 << 40'], `${MODIFY} v INT`),
  altered('boolean_to_tinyint', 'v TINYINT(1)', ['1', '2', '-3'], `${MODIFY} v TINYINT`),
  altered('tinyint_to_boolean', 'v TINYINT', ['1', '2', '-3'], `${MODIFY} v TINYINT(1)`),
  altered('longer', 'v VARCHAR(10)', ["'a'", "'é'"], `${MODIFY} v VARCHAR(300)`),
  altered('shorter', 'v VARCHAR(10)', ["'abcdef'", "'é'"], `${MODIFY} v VARCHAR(3)`),
  altered('text_to_int', 'v VARCHAR(10)', ["'12'", "'x'"], `${MODIFY} v INT`),
  altered('text_to_blob', 'v VARCHAR(10)', ["'12'", "'é'"], `${MODIFY} v VARBINARY(20)`),
  altered(
    'charset',
    'v VARCHAR(10) CHARACTER SET utf8mb4',
    ["'é'", "'Ω'"],
    `${MODIFY} v VARCHAR(10) CHARACTER SET latin1`,
  ),
  altered('wider_decimal', 'v DECIMAL(8,2)', ['1.25', '-7.75'], `${MODIFY} v DECIMAL(20,4)`),
  altered('narrower_decimal', 'v DECIMAL(8,4)', ['1.2555', '-7.7544'], `${MODIFY} v DECIMAL(8,2)`),
  altered('longest_decimal', 'v DECIMAL(8,2)', ['1.25', '-7.75'], `${MODIFY} v DECIMAL(65,2)`),
  altered('float_to_double', 'v FLOAT', ['0.1', '1e30'], `${MODIFY} v DOUBLE`),
  altered('double_to_decimal', 'v DOUBLE', ['0.1', '2.5'], `${MODIFY} v DECIMAL(10,3)`),
  altered('finer', 'v DATETIME', [day(1), day(2)], `${MODIFY} v DATETIME(6)`),
  altered('coarser', 'v DATETIME(6)', ["'2024-01-01 00:00:00.654321'"], `${MODIFY} v DATETIME`),
  altered(
    'zoned',
    'v DATETIME NULL',
    [day(1), day(2)],
    "SET time_zone = '+05:30'",
    `${MODIFY} v TIMESTAMP NULL`,
    "SET time_zone = '+00:00'",
  ),
  altered('more_members', "v ENUM('a', 'b')", ["'a'", "'b'"], `${MODIFY} v ENUM('a', 'b', 'c')`),
  altered('other_members', "v ENUM('a', 'b')", ["'a'", "'b'"], `${MODIFY} v ENUM('b', 'x')`),
  altered('not_null', 'v INT NULL', ['NULL', '2'], `${MODIFY} v INT NOT NULL`),
  altered('json', 'v TEXT', ['\'{"a": 1}\'', "'[1]'"], `${MODIFY} v JSON`),
  altered(
    'other_expression',
    'v INT, g INT AS (v * 2) VIRTUAL',
    ['1, DEFAULT'],
    `${MODIFY} g INT AS (v * 3) VIRTUAL`,
  ),
  altered(
    'finer_watermark',
    'v INT',
    ['1', '2'],
    `${MODIFY} changed DATETIME NOT NULL`,
    'UPDATE @ SET v = 3',
  ),
];

const rekeyed: readonly TableCase[] = [
  altered(
    'key_widened',
    'v INT NOT NULL',
    ['1', '2'],
    'ALTER TABLE @ DROP PRIMARY KEY, ADD PRIMARY KEY (id, v)',
    `INSERT INTO @ VALUES (0, 7, ${day(1)})`,
  ),
  altered(
    'key_narrowed',
    'v INT NOT NULL',
    ['1', '2'],
    'ALTER TABLE @ DROP PRIMARY KEY, ADD PRIMARY KEY (v)',
    'UPDATE @ SET id = 9 WHERE v = 1',
  ),
  altered(
    'key_dropped',
    'v INT',
    ['1', '2'],
    'ALTER TABLE @ DROP PRIMARY KEY',
    `INSERT INTO @ VALUES (0, 1, ${day(1)})`,
  ),
  altered(
    'key_collation',
    'k VARCHAR(10) COLLATE utf8mb4_bin NOT NULL',
    ["'a'", "'A'"],
    'ALTER TABLE @ DROP PRIMARY KEY, ADD PRIMARY KEY (k)',
  ),
  {
    table: 'key_added',
    ddl: withChanged('id INT NOT NULL, v INT'),
    seed: [`INSERT INTO @ VALUES (1, 1, ${day(1)}), (2, 2, ${day(2)})`],
    change: ['ALTER TABLE @ ADD PRIMARY KEY (id)', 'UPDATE @ SET v = 5 WHERE id = 1'],
  },
];

const anew: readonly TableCase[] = [
  altered(
    'made_anew',
    'v INT',
    ['1', '2', '3'],
    'DROP TABLE @',
    `CREATE TABLE @ ${withChanged('id INT PRIMARY KEY, v INT')}`,
    `INSERT INTO @ VALUES (0, 5, ${day(1)}), (7, 7, ${day(1)})`,
  ),
  altered(
    'made_anew_otherwise',
    'v INT',
    ['1', '2', '3'],
    'DROP TABLE @',
    'CREATE TABLE @ (other VARCHAR(10))',
    "INSERT INTO @ VALUES ('x')",
  ),
  altered(
    'took_its_place',
    'v INT',
    ['1', '2', '3'],
    `CREATE TABLE other_table ${withChanged('id INT PRIMARY KEY, v INT')}`,
    `INSERT INTO other_table VALUES (0, 5, ${day(1)})`,
    'DROP TABLE @',
    'RENAME TABLE other_table TO @',
  ),
  altered(
    'rebuilt',
    'v INT',
    ['1', '2'],
    'ALTER TABLE @ ENGINE = InnoDB',
    'UPDATE @ SET v = 5 WHERE id = 0',
  ),
  {
    table: 'counter_truncated',
    ddl: '(id INT AUTO_INCREMENT PRIMARY KEY, v INT)',
    seed: ['INSERT INTO @ VALUES (1, 1), (2, 2), (40000, 400)'],
    change: ['TRUNCATE @', 'INSERT INTO @ (v) VALUES (10), (2), (30)'],
  },
];

/** What `ALTER TABLE` and its like do to a table between two syncs. */
export const SCHEMA_CASES: readonly TableCase[] = [
  ...added,
  ...dropped,
  ...renamed,
  ...retyped,
  ...rekeyed,
  ...anew,
];
