/** The same value as SQL on both sides: for MySQL or MariaDB, and for DuckDB. */
export interface SqlPair {
  readonly source: string;
  readonly replica: string;
}
