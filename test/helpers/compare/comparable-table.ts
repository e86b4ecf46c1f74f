import type { Flavour } from '../../servers/test-server.js';
import {
  canonicalColumn,
  type CanonicalColumn,
  type ComparedTypes,
  quoteReplicaName,
  quoteSourceName,
} from './canonical-column.js';
import type { SourceTable } from './source-layout.js';

/** Both databases' statements over a table, giving the same texts where the data is the same. */
export interface ComparableTable {
  readonly name: string;
  readonly columns: readonly CanonicalColumn[];
  /** Positions of the PRIMARY KEY's columns. */
  readonly key: readonly number[];
  readonly source: SideStatements;
  readonly replica: SideStatements;
}

export interface SideStatements {
  readonly count: string;
  /** Rows and the sum of their hashes for each of 256 buckets. */
  readonly buckets: string;
  /** All rows, or those of the buckets, as canonical texts. */
  rows(buckets: readonly string[] | null): string;
}

/** `replicaSchema` is the schema's full name, with the database's, as SQL. */
export function comparableTable(
  table: SourceTable,
  flavour: Flavour,
  types: ComparedTypes,
  replicaSchema: string,
): ComparableTable {
  const columns = table.columns.map((column) => canonicalColumn(column, flavour, types));
  return {
    name: table.name,
    columns,
    key: table.key.map((key) => columns.findIndex((column) => column.name === key)),
    source: sourceStatements(columns, quoteSourceName(table.name)),
    replica: replicaStatements(columns, `${replicaSchema}.${quoteReplicaName(table.name)}`),
  };
}

/** Keeps the server from merging the subquery, which would compute each hash three times. */
const NO_LIMIT = '18446744073709551615';

// NULL and the empty string differ: 'N' and '='.
function sourceStatements(columns: readonly CanonicalColumn[], from: string): SideStatements {
  const parts = columns.map(({ source }) => `IFNULL(CONCAT('=', ${source}), 'N')`);
  const hash = `SHA2(CONCAT_WS('|', ${parts.join(', ')}), 256)`;
  const select = columns.map(({ source }) => source).join(', ');
  return {
    count: `SELECT CAST(COUNT(*) AS CHAR) FROM ${from}`,
    buckets:
      `SELECT SUBSTRING(h, 1, 2) AS bucket, CAST(COUNT(*) AS CHAR), ` +
      `CAST(SUM(CAST(CONV(SUBSTRING(h, 3, 15), 16, 10) AS UNSIGNED)) AS CHAR) ` +
      `FROM (SELECT ${hash} AS h FROM ${from} LIMIT ${NO_LIMIT}) AS hashed GROUP BY bucket`,
    rows: (buckets) => `SELECT ${select} FROM ${from}${bucketFilter(hash, buckets)}`,
  };
}

function replicaStatements(columns: readonly CanonicalColumn[], from: string): SideStatements {
  const parts = columns.map(({ replica }) => `coalesce('=' || ${replica}, 'N')`);
  const hash = `sha256(concat_ws('|', ${parts.join(', ')}))`;
  const select = columns.map(({ replica }) => replica).join(', ');
  return {
    count: `SELECT CAST(count(*) AS VARCHAR) FROM ${from}`,
    buckets:
      `SELECT substr(h, 1, 2) AS bucket, CAST(count(*) AS VARCHAR), ` +
      `CAST(sum(CAST('0x' || substr(h, 3, 15) AS BIGINT)) AS VARCHAR) ` +
      `FROM (SELECT ${hash} AS h FROM ${from}) AS hashed GROUP BY bucket`,
    rows: (buckets) => `SELECT ${select} FROM ${from}${bucketFilter(hash, buckets)}`,
  };
}

function bucketFilter(hash: string, buckets: readonly string[] | null): string {
  if (buckets === null) return '';
  return ` WHERE substr(${hash}, 1, 2) IN (${buckets.map((bucket) => `'${bucket}'`).join(', ')})`;
}
