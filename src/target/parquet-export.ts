import { mkdir, readdir } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { DucktailError } from '../common/errors.js';
import { quoteDuckdbName, quoteDuckdbText } from '../common/identifiers.js';
import type { ReadOnlyReplica } from './read-only.js';
import type { CountedTable } from './table-counts.js';

export interface ExportedTable {
  readonly schema: string;
  readonly name: string;
  /** By whose values it is split into folders; none: one file. */
  readonly partitions: readonly PartitionColumn[];
}

interface PartitionColumn {
  readonly column: string;
  /** Else a table without it is not split by it. */
  readonly isRequired: boolean;
}

/**
 * Types that not all of Spark, Trino and ClickHouse read from Parquet, and what takes their place
 * without losing anything: the next signed type, or the value as text; geometries as WKB.
 */
const PORTABLE: Readonly<Record<string, (column: string) => string>> = {
  UTINYINT: (column) => `${column}::SMALLINT`,
  USMALLINT: (column) => `${column}::INTEGER`,
  UINTEGER: (column) => `${column}::BIGINT`,
  UBIGINT: (column) => `${column}::DECIMAL(20,0)`,
  TIME: (column) => `${column}::VARCHAR`,
  INTERVAL: (column) => `${column}::VARCHAR`,
  UUID: (column) => `${column}::VARCHAR`,
  JSON: (column) => `${column}::VARCHAR`,
  GEOMETRY: (column) => `ST_AsWKB(${column})`,
};

/** Writes the table as ZSTD Parquet into the folder, which is made. Resolves to the files, by `/`. */
export async function exportTable(
  replica: ReadOnlyReplica,
  { schema, name, partitions }: ExportedTable,
  folder: string,
): Promise<string[]> {
  const columns = await replica.rows(
    `SELECT database_name, column_name, data_type FROM duckdb_columns()
      WHERE database_name = current_database() AND schema_name = ${quoteDuckdbText(schema)}
        AND table_name = ${quoteDuckdbText(name)} ORDER BY column_index`,
  );
  const names = columns.map(({ column_name }) => String(column_name));
  const unknown = partitions.find(
    ({ column, isRequired }) => isRequired && !names.includes(column),
  );
  if (unknown !== undefined) throw noSuchColumn(name, unknown.column);
  const partitionBy = partitions.map(({ column }) => column).filter((c) => names.includes(c));
  const list = columns.map((column) => portable(String(column.column_name), column.data_type));
  const base = [schema, name].map(fileName).join('/');
  const isSplit = partitionBy.length > 0;
  const target = join(folder, isSplit ? base : `${base}.parquet`);
  await mkdir(isSplit ? target : dirname(target), { recursive: true });
  const from = [String(columns[0].database_name), schema, name].map(quoteDuckdbName).join('.');
  const options = ['FORMAT parquet', 'COMPRESSION zstd'];
  if (isSplit) options.push(`PARTITION_BY (${partitionBy.map(quoteDuckdbName).join(', ')})`);
  await replica.query(
    `COPY (SELECT ${list.join(', ')} FROM ${from})
       TO ${quoteDuckdbText(target)} (${options.join(', ')})`,
  );
  if (!isSplit) return [`${base}.parquet`];
  const entries = await readdir(target, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'));
}

/** The rows that the table's files have. */
export async function countExported(
  replica: ReadOnlyReplica,
  files: readonly string[],
  folder: string,
): Promise<number> {
  // All rows can be in no partition: of a table without any there is no file.
  if (files.length === 0) return 0;
  const list = files.map((file) => quoteDuckdbText(join(folder, file))).join(', ');
  const [{ n }] = await replica.rows(`SELECT count(*) AS n FROM read_parquet([${list}])`);
  return Number(n);
}

/** Throws where the files have not the rows that they should. */
export function requireRows({ name, rows }: CountedTable, found: number): void {
  if (found === rows) return;
  throw new DucktailError(
    'backup-damaged',
    `the Parquet files of ${name} have ${found} rows instead of ${rows}`,
    { hint: 'They were given up. Check the disk; the replica is untouched.' },
  );
}

function portable(column: string, type: unknown): string {
  const name = quoteDuckdbName(column);
  const convert = PORTABLE[String(type)];
  return convert === undefined ? name : `${convert(name)} AS ${name}`;
}

/** Any name as a part of a path. DuckDB's own names differ by more than case. */
function fileName(name: string): string {
  return encodeURIComponent(name).replaceAll(/[.*'()!~]/g, (sign) => {
    return `%${sign.charCodeAt(0).toString(16).toUpperCase()}`;
  });
}

function noSuchColumn(table: string, column: string): DucktailError {
  return new DucktailError(
    'configuration',
    `PARTITION_BY names ${table}.${column}, which there is not`,
    { hint: 'Write table.column, * in the table for any characters.' },
  );
}
