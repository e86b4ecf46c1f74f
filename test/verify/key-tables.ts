import type { Flavour } from '../servers/test-server.js';
import type { TestSource } from '../helpers/test-source.js';

/** A table by the kind of its key, filled from `numbers (n)`. */
export interface KeyTable {
  readonly name: string;
  readonly flavours?: readonly Flavour[];
  /** What follows `CREATE TABLE <name>`. */
  readonly ddl: string;
  /** The select list, over `n`. */
  readonly select: string;
  /** Rows with the keys at the bounds, each as a list of values in parentheses. */
  readonly more?: readonly string[];
}

const KEY_TABLES: readonly KeyTable[] = [
  { name: 'k_int', ddl: '(id INT PRIMARY KEY, v INT)', select: 'n - 700, n' },
  {
    name: 'k_bigint',
    ddl: '(id BIGINT PRIMARY KEY, v INT)',
    select: 'CAST(n AS SIGNED) * 900000000000000 - 922337203685477580, n',
    more: ['(-9223372036854775808, 1)', '(9223372036854775807, 2)'],
  },
  {
    name: 'k_unsigned',
    ddl: '(id BIGINT UNSIGNED PRIMARY KEY, v INT)',
    select: '4000000000000000000 + n, n',
    more: ['(0, 1)', '(18446744073709551615, 2)'],
  },
  {
    name: 'k_zerofill',
    ddl: '(id INT(9) ZEROFILL PRIMARY KEY, v INT)',
    select: 'n * 3, n',
  },
  {
    name: 'k_text',
    ddl: '(id VARCHAR(40) PRIMARY KEY, v INT)',
    select: `CONCAT(ELT(1 + n % 5, 'a', 'B', 'é', '日', '😀'), n), n`,
    more: [`('', 1)`, `('it''s; "a", b', 2)`],
  },
  {
    name: 'k_latin1',
    ddl: '(id VARCHAR(40) CHARACTER SET latin1 PRIMARY KEY, v INT)',
    select: `CONCAT(ELT(1 + n % 3, 'ö', 'a', 'ñ'), n), n`,
  },
  {
    name: 'k_composite',
    ddl: '(tenant INT, name VARCHAR(20), day DATE, v INT, PRIMARY KEY (tenant, name, day))',
    select: `n % 7, CONCAT('N', n % 50), DATE '1990-01-01' + INTERVAL n DAY, n`,
  },
  {
    name: 'k_varbinary',
    ddl: '(id VARBINARY(16) PRIMARY KEY, v INT)',
    select: `LEFT(CONCAT(UNHEX(SHA2(n, 256)), x'0000'), 6 + n % 11), n`,
    more: [`('', 1)`, `(x'00', 2)`, `(x'0000', 3)`],
  },
  {
    name: 'k_binary',
    ddl: '(id BINARY(16) PRIMARY KEY, v INT)',
    select: `UNHEX(LEFT(SHA2(n, 256), 32)), n`,
  },
  {
    name: 'k_datetime',
    ddl: '(at DATETIME(6) PRIMARY KEY, v INT)',
    select: `TIMESTAMP('2001-02-03 00:00:00') + INTERVAL n * 1234567 MICROSECOND, n`,
    more: [`('1000-01-01 00:00:00', 1)`, `('9999-12-31 23:59:59.999999', 2)`],
  },
  {
    name: 'k_timestamp',
    ddl: '(at TIMESTAMP NOT NULL PRIMARY KEY, v INT)',
    select: `TIMESTAMP('2024-10-26 23:59:00') + INTERVAL n SECOND, n`,
  },
  {
    name: 'k_decimal',
    ddl: '(id DECIMAL(20,4) PRIMARY KEY, v INT)',
    select: '(n - 700) * 1234567.8901, n',
  },
  {
    name: 'k_uuid',
    flavours: ['mariadb'],
    ddl: '(id UUID PRIMARY KEY, v INT)',
    select: `CONCAT(LEFT(SHA2(n, 256), 8), '-0123-4567-89ab-', RIGHT(SHA2(n, 256), 12)), n`,
  },
];

export function keyTables(flavour: Flavour): KeyTable[] {
  return KEY_TABLES.filter(({ flavours }) => flavours?.includes(flavour) ?? true);
}

/** Needs the source's `numbers`. */
export async function createKeyTable(source: TestSource, table: KeyTable): Promise<void> {
  const { name, ddl, select, more = [] } = table;
  await source.run(
    `CREATE TABLE ${name} ${ddl}`,
    `INSERT INTO ${name} SELECT ${select} FROM numbers`,
    ...(more.length === 0 ? [] : [`INSERT INTO ${name} VALUES ${more.join(', ')}`]),
  );
}
