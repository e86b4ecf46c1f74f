/** The tables of which full syncs are compared with other ways to copy. */
export type TableName = 'main' | 'wide' | 'texts' | 'narrow';

/** A table of the benchmark: how it is made, and how a copy is checked. */
export interface BenchTable {
  readonly name: TableName | 'followed' | 'small' | 'decode' | 'cdc' | 'read';
  readonly title: string;
  readonly rows: number;
  /** Columns of `CREATE TABLE`; the key is `id`, from 1 to `rows`. */
  readonly columns: string;
  /** Values of row `n`, as a SELECT list. */
  readonly values: string;
  /** What the checks are over, in MySQL as in DuckDB: a table or a subquery, with the key `id`. */
  readonly relation: string;
  /** Aggregates that are exact and mean the same in MySQL and DuckDB. */
  readonly checks: string;
}

const WIDE_ROWS = 200_000;
const TEXT_ROWS = 100_000;
const NARROW_ROWS = 2_000_000;
const TEXT_PARTS = 32;

/** When row `n` of the main table was changed last, as it is loaded. */
export function loadedAt(n: string): string {
  return `'2021-01-01' + INTERVAL ${n} SECOND`;
}

/** Values of the main table's row `n`, as a SELECT list. */
export function mainValues(updatedAt: string): string {
  return `
  n, CRC32(n) % 1000000, ELT(1 + n % 4, 'new', 'paid', 'shipped', 'done'),
  CONCAT('user', CRC32(n * 7) % 100000, '@example.com'), (CRC32(n * 3) % 1000000) / 100,
  n % 100, n % 2, IF(n % 10 < 3, NULL, CONCAT(LEFT(SHA2(n, 256), 32), ' some note text')),
  '2020-01-01' + INTERVAL CRC32(n * 5) SECOND + INTERVAL n % 1000000 MICROSECOND,
  ${updatedAt}`;
}

const mainChecks =
  'COUNT(*), SUM(id), SUM(user_id), COUNT(DISTINCT status), SUM(LENGTH(email)), SUM(amount), ' +
  'SUM(qty), COUNT(note), SUM(LENGTH(note)), MIN(created_at), MAX(created_at), MAX(updated_at)';

/** The tables for a run of `rows` rows; the further ones get fewer in a small run, never more. */
export function benchTables(rows: number): BenchTable[] {
  return [
    mainTable(rows),
    wideTable(Math.min(WIDE_ROWS, rows)),
    textsTable(Math.min(TEXT_ROWS, rows)),
    narrowTable(Math.min(NARROW_ROWS, rows)),
  ];
}

export function mainTable(rows: number): BenchTable {
  return {
    name: 'main',
    title: '10 columns',
    rows,
    columns: mainColumns(
      'TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP',
    ),
    values: mainValues(loadedAt('n')),
    relation: 'items',
    checks: mainChecks,
  };
}

/**
 * The main table with a watermark that tells two changes of a second apart, under an index. Its rows
 * are a second apart, too: a lookback covers as many of them as it has seconds.
 */
export function followedTable(name: 'followed' | 'small', rows: number): BenchTable {
  return {
    name,
    title: '10 columns with a watermark',
    rows,
    columns: `${mainColumns(
      'TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)',
    )}, INDEX (updated_at)`,
    values: mainValues(loadedAt('n')),
    relation: 'items',
    // Of a row that was changed, the last ones have the new values only if the copy has them, too.
    checks: `${mainChecks}, SUM(id * qty), SUM(SECOND(updated_at)), SUM(DAY(updated_at))`,
  };
}

/** `updatedAt`: that column's definition. */
function mainColumns(updatedAt: string): string {
  return `
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    user_id INT NOT NULL,
    status ENUM('new', 'paid', 'shipped', 'done') NOT NULL,
    email VARCHAR(100) NOT NULL,
    amount DECIMAL(12,2) NOT NULL,
    qty SMALLINT NOT NULL,
    gift TINYINT(1) NOT NULL,
    note VARCHAR(255) NULL,
    created_at DATETIME(6) NOT NULL,
    updated_at ${updatedAt}`;
}

function wideTable(rows: number): BenchTable {
  const kinds = [
    { type: 'INT', value: (salt: number) => `CRC32(n + ${salt}) % 1000000` },
    { type: 'VARCHAR(40)', value: (salt: number) => `CONCAT('value ', CRC32(n * ${salt + 1}))` },
    { type: 'DECIMAL(10,2)', value: (salt: number) => `(n * ${salt + 1}) % 9999999 / 100` },
    { type: 'DATETIME', value: (salt: number) => `'2020-01-01' + INTERVAL n + ${salt} SECOND` },
    { type: 'DOUBLE', value: (salt: number) => `SQRT(n * ${salt + 1})` },
    { type: 'BIGINT', value: (salt: number) => `n * 1000003 + ${salt}` },
  ];
  const others = Array.from({ length: 59 }, (_, index) => ({
    name: `c${index + 1}`,
    ...kinds[index % kinds.length],
  }));
  return {
    name: 'wide',
    title: '60 columns, half of the values NULL',
    rows,
    columns: `id BIGINT UNSIGNED NOT NULL PRIMARY KEY,
      ${others.map(({ name, type }) => `${name} ${type} NULL`).join(', ')}`,
    values: `n, ${others
      .map(({ value }, index) => `IF(CRC32(n + ${index * 1009}) & 1, NULL, ${value(index)})`)
      .join(', ')}`,
    relation: 'items',
    checks: `COUNT(*), SUM(id), ${others.map(({ name }) => `COUNT(${name})`).join(', ')},
      SUM(c1), SUM(LENGTH(c2)), SUM(c3), MAX(c4), MAX(c5), SUM(c6)`,
  };
}

function textsTable(rows: number): BenchTable {
  const parts = Array.from({ length: TEXT_PARTS }, (_, index) => `SHA2(n * 64 + ${index}, 512)`);
  return {
    name: 'texts',
    title: 'texts of 4 KB',
    rows,
    columns: 'id BIGINT UNSIGNED NOT NULL PRIMARY KEY, body TEXT NOT NULL',
    values: `n, CONCAT(${parts.join(', ')})`,
    relation: 'items',
    checks: `COUNT(*), SUM(id), SUM(LENGTH(body)), MIN(body), MAX(body)`,
  };
}

function narrowTable(rows: number): BenchTable {
  return {
    name: 'narrow',
    title: '2 integers',
    rows,
    columns: 'id INT NOT NULL PRIMARY KEY, value INT NOT NULL',
    values: 'n, CRC32(n) % 1000000',
    relation: 'items',
    checks: 'COUNT(*), SUM(id), SUM(value)',
  };
}
