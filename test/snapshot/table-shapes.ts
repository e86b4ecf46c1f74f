import type { Flavour } from '../servers/test-server.js';

/** A table as a reader may meet it, filled from the table `numbers (n)`. */
export interface TableShape {
  readonly name: string;
  readonly flavours?: readonly Flavour[];
  /** What follows `CREATE TABLE <name>`. */
  readonly ddl: string;
  /** The select list, over `n` from 0 to `rows` - 1. */
  readonly select: string;
  readonly rows: number;
  /** More rows, each as a list of values in parentheses. */
  readonly more?: readonly string[];
  /** Whether it has to be read in several key ranges. */
  readonly isSplit: boolean;
}

/** More than the 50,000 from which on a table is split, and than what the estimates are off by. */
const MANY = 80_000;

const TEXT = `CONCAT('text of ', n)`;

/** Columns of many small types in turn: as wide as a row may be. */
function wideShape(columns: number, rows: number): TableShape {
  const types: readonly (readonly [type: string, value: (at: number) => string])[] = [
    ['TINYINT', (at) => `(n + ${at}) % 256 - 128`],
    ['INT', (at) => `IF((n + ${at}) % 3 = 0, NULL, n * ${at})`],
    ['VARCHAR(12) CHARACTER SET latin1', (at) => `LEFT('abcdefghijkl', (n + ${at}) % 13)`],
    ['SMALLINT UNSIGNED', (at) => `(n * ${at}) % 65536`],
    ['DATE', (at) => `DATE '2000-01-01' + INTERVAL (n + ${at}) DAY`],
    ['DECIMAL(6,2)', (at) => `IF((n + ${at}) % 5 = 0, NULL, (n - ${at}) / 100)`],
    ['CHAR(2)', (at) => `IF((n + ${at}) % 2 = 0, 'é', '')`],
  ];
  const chosen = Array.from({ length: columns }, (_, at) => types[at % types.length]);
  return {
    name: `wide_${columns}`,
    ddl: `(${chosen.map(([type], at) => `c${at} ${type}`).join(', ')}, KEY (c1))`,
    select: chosen.map(([, value], at) => value(at)).join(', '),
    rows,
    isSplit: false,
  };
}

const withoutKey: readonly TableShape[] = [
  {
    name: 'one_column',
    ddl: '(v INT)',
    select: 'NULLIF(n % 100, 7)',
    rows: 10_000,
    isSplit: false,
  },
  wideShape(300, 3_000),
  wideShape(1_000, 1_100),
  { name: 'no_rows', ddl: '(id INT PRIMARY KEY, v TEXT)', select: '', rows: 0, isSplit: false },
  { name: 'no_rows_no_key', ddl: '(v TEXT, w JSON)', select: '', rows: 0, isSplit: false },
  {
    name: 'duplicates',
    ddl: '(a INT, b VARCHAR(20))',
    select: `n % 50, IF(n % 3 = 0, NULL, CONCAT('b', n % 7))`,
    rows: MANY,
    isSplit: false,
  },
  {
    name: 'nullable_unique_key',
    ddl: '(a INT NULL UNIQUE, b INT)',
    select: 'IF(n % 2 = 0, NULL, n), n',
    rows: 5_000,
    isSplit: false,
  },
];

const integerKeys: readonly TableShape[] = [
  {
    name: 'negative_key',
    ddl: '(id INT PRIMARY KEY, v VARCHAR(30))',
    select: `-1 - n, ${TEXT}`,
    rows: MANY,
    isSplit: true,
  },
  {
    name: 'sparse_key',
    ddl: '(id BIGINT PRIMARY KEY, v VARCHAR(30))',
    select: `CAST(n AS DECIMAL(30)) * 230000000000000 - 9223372036854775808, ${TEXT}`,
    rows: MANY,
    more: [`(9223372036854775807, 'last')`],
    isSplit: true,
  },
  {
    name: 'sparse_unsigned_key',
    ddl: '(id BIGINT UNSIGNED PRIMARY KEY, v VARCHAR(30))',
    select: `CAST(n AS DECIMAL(30)) * 230000000000000, ${TEXT}`,
    rows: MANY,
    more: [`(18446744073709551615, 'last')`],
    isSplit: true,
  },
  {
    name: 'skewed_key',
    ddl: '(id BIGINT UNSIGNED PRIMARY KEY, v VARCHAR(30))',
    select: `4000000000000000000 + n, ${TEXT}`,
    rows: MANY,
    more: [`(0, 'first')`, `(1, 'second')`, `(18446744073709551615, 'last')`],
    isSplit: true,
  },
  {
    name: 'unique_key',
    ddl: '(a VARCHAR(30) NULL, id MEDIUMINT UNSIGNED NOT NULL, UNIQUE KEY (id))',
    select: `${TEXT}, n * 3`,
    rows: MANY,
    isSplit: true,
  },
  {
    name: 'descending_key',
    flavours: ['mysql'],
    ddl: '(id INT, v VARCHAR(30), PRIMARY KEY (id DESC))',
    select: `n * 2, ${TEXT}`,
    rows: MANY,
    isSplit: true,
  },
  {
    name: 'partitioned',
    ddl: '(id INT PRIMARY KEY, v VARCHAR(30)) PARTITION BY HASH (id) PARTITIONS 3',
    select: `n, ${TEXT}`,
    rows: MANY,
    isSplit: true,
  },
  {
    name: 'other_engine',
    ddl: '(id INT PRIMARY KEY, v VARCHAR(30)) ENGINE = MyISAM',
    select: `n, ${TEXT}`,
    rows: 3_000,
    isSplit: false,
  },
];

const otherKeys: readonly TableShape[] = [
  {
    name: 'composite_key',
    ddl: '(tenant INT, name VARCHAR(20), day DATE, v INT, PRIMARY KEY (tenant, name, day))',
    // One tenant has nearly everything, and one name of it most of that.
    select: `IF(n % 40 = 0, n % 7, 3), IF(n % 9 = 0, CONCAT('N', n), 'usual'),
             DATE '1000-01-01' + INTERVAL n DAY, n`,
    rows: MANY,
    isSplit: true,
  },
  {
    name: 'varbinary_key',
    ddl: '(id VARBINARY(16) PRIMARY KEY, v INT)',
    select: `LEFT(CONCAT(UNHEX(SHA2(n, 256)), x'0000'), 6 + n % 11), n`,
    rows: MANY,
    more: [`('', -1)`, `(x'00', -2)`, `(x'0000', -3)`, `(REPEAT(x'FF', 16), -4)`],
    isSplit: true,
  },
  {
    name: 'binary_key',
    ddl: '(id BINARY(16) PRIMARY KEY, v INT)',
    select: `UNHEX(LEFT(SHA2(n, 256), 32)), n`,
    rows: MANY,
    more: [`('', -1)`, `(x'01', -2)`],
    isSplit: true,
  },
  {
    name: 'datetime_key',
    ddl: '(at DATETIME(6) PRIMARY KEY, v INT)',
    select: `TIMESTAMP('2001-02-03') + INTERVAL n * 1234567 MICROSECOND, n`,
    rows: MANY,
    more: [`('1000-01-01 00:00:00', -1)`, `('9999-12-31 23:59:59.999999', -2)`],
    isSplit: true,
  },
  {
    // Keys that cannot be held: the rows still come, and the texts of their keys are on record.
    name: 'zero_date_key',
    ddl: '(at DATETIME(3) PRIMARY KEY, v INT)',
    select: `TIMESTAMP('2001-02-03') + INTERVAL n SECOND, n`,
    rows: 3_000,
    more: [`('0000-00-00 00:00:00', -3)`, `('2023-02-30 01:02:03', -4)`],
    isSplit: false,
  },
  {
    name: 'timestamp_key',
    ddl: '(at TIMESTAMP(3) NOT NULL PRIMARY KEY, v INT)',
    select: `TIMESTAMP('2024-10-26 23:59:00') + INTERVAL n * 250000 MICROSECOND, n`,
    rows: MANY,
    isSplit: true,
  },
  {
    name: 'decimal_key',
    ddl: '(id DECIMAL(20,4) PRIMARY KEY, v INT)',
    select: `(CAST(n AS DECIMAL(20,4)) - 29000) * 1234567.8901, n`,
    rows: MANY,
    more: [`(9999999999999999.9999, -1)`, `(-9999999999999999.9999, -2)`],
    isSplit: true,
  },
  {
    name: 'char_ci_key',
    ddl: '(id CHAR(14) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci PRIMARY KEY, v INT)',
    select: `CONCAT(ELT(1 + n % 6, 'a', 'B', 'é', 'Z', '日', '😀'), CONV(n * 7919, 10, 36)), n`,
    rows: MANY,
    more: [`('', -1)`, `('ß', -2)`, `('~', -3)`],
    isSplit: true,
  },
  {
    name: 'latin1_key',
    ddl: '(id VARCHAR(20) CHARACTER SET latin1 PRIMARY KEY, v INT)',
    select: `CONCAT(ELT(1 + n % 4, 'ö', 'a', 'É', 'ñ'), n), n`,
    rows: MANY,
    isSplit: true,
  },
  {
    name: 'uuid_text_key',
    ddl: '(id CHAR(36) CHARACTER SET ascii PRIMARY KEY, v INT)',
    select: `INSERT(INSERT(LEFT(SHA2(n, 256), 34), 9, 0, '-'), 14, 0, '-'), n`,
    rows: MANY,
    isSplit: true,
  },
  {
    name: 'prefix_key',
    ddl: '(body VARCHAR(200) NOT NULL, v INT, PRIMARY KEY (body(12)))',
    select: `CONCAT(LEFT(SHA2(n, 256), 12), REPEAT('x', n % 100)), n`,
    rows: MANY,
    isSplit: true,
  },
  {
    name: 'enum_key',
    ddl: `(id ENUM('z', 'a', 'm') PRIMARY KEY, v INT)`,
    select: `ELT(1 + n, 'z', 'a', 'm'), n`,
    rows: 3,
    isSplit: false,
  },
  {
    name: 'uuid_key',
    flavours: ['mariadb'],
    ddl: '(id UUID PRIMARY KEY, v INT)',
    select: `CONCAT(LEFT(SHA2(n, 256), 8), '-0123-4567-89ab-', RIGHT(SHA2(n, 256), 12)), n`,
    rows: 5_000,
    isSplit: false,
  },
];

export const SHAPES: readonly TableShape[] = [...withoutKey, ...integerKeys, ...otherKeys];
