import { quoteMysqlText } from '../common/identifiers.js';
import { type WatermarkRule, watermarkRuleFor } from '../model/watermark-rule.js';
import type {
  ColumnSchema,
  KeySchema,
  TableSchema,
  WatermarkChoice,
  WatermarkReason,
} from '../model/table-schema.js';
import type { SourceSession } from './connect.js';

interface TableRow {
  readonly name: string;
  readonly type: string;
  readonly engine: string | null;
  readonly estimatedRows: string | number | null;
  readonly estimatedBytes: string | number | null;
  readonly createdAt: string | null;
  readonly autoIncrement: string | number | null;
}

interface ColumnRow {
  readonly tableName: string;
  readonly name: string;
  readonly dataType: string;
  readonly columnType: string;
  readonly nullable: string;
  readonly characterSet: string | null;
  readonly collation: string | null;
  readonly numericPrecision: string | number | null;
  readonly numericScale: string | number | null;
  readonly extra: string;
  readonly generation: string | null;
}

interface IndexRow {
  readonly tableName: string;
  readonly indexName: string;
  readonly isUnique: string | number;
  readonly columnName: string | null;
  readonly nullable: string | null;
}

/**
 * Reads the database's base tables from INFORMATION_SCHEMA, in name order. `watermarkRules` say what
 * the operator wants followed.
 */
export async function readCatalog(
  session: SourceSession,
  database: string,
  watermarkRules: readonly WatermarkRule[] = [],
): Promise<TableSchema[]> {
  const schema = quoteMysqlText(database);
  const tables = await readTables(session, schema);
  const columns = groupBy(await readColumns(session, schema), (row) => row.tableName);
  const indexes = groupBy(await readIndexes(session, schema), (row) => row.tableName);
  const jsonColumns = session.isMariaDb ? await readJsonChecks(session, schema) : new Set<string>();
  return tables.map((table) =>
    describeTable(
      database,
      table,
      columns.get(table.name) ?? [],
      indexes.get(table.name) ?? [],
      jsonColumns,
      watermarkRuleFor(watermarkRules, table.name),
    ),
  );
}

/** MySQL 8 caches row counts and sizes for a day unless it is told not to. */
async function readTables(session: SourceSession, schema: string): Promise<TableRow[]> {
  if (!session.isMariaDb) {
    await session.query('SET SESSION information_schema_stats_expiry = 0').catch(() => undefined);
  }
  return session.query<TableRow>(
    `SELECT table_name AS name, table_type AS type, engine AS engine, table_rows AS estimatedRows,
            data_length + index_length AS estimatedBytes, create_time AS createdAt,
            auto_increment AS autoIncrement
       FROM information_schema.tables
      WHERE table_schema = ${schema} AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')
      ORDER BY table_name`,
  );
}

function readColumns(session: SourceSession, schema: string): Promise<ColumnRow[]> {
  return session.query<ColumnRow>(
    `SELECT table_name AS tableName, column_name AS name, data_type AS dataType,
            column_type AS columnType, is_nullable AS nullable,
            character_set_name AS characterSet, collation_name AS collation,
            numeric_precision AS numericPrecision, numeric_scale AS numericScale, extra AS extra,
            generation_expression AS generation
       FROM information_schema.columns
      WHERE table_schema = ${schema}
      ORDER BY table_name, ordinal_position`,
  );
}

/** Index columns in index order, PRIMARY first, then in the order of creation by name. */
function readIndexes(session: SourceSession, schema: string): Promise<IndexRow[]> {
  return session.query<IndexRow>(
    `SELECT table_name AS tableName, index_name AS indexName, non_unique = 0 AS isUnique,
            column_name AS columnName, nullable AS nullable
       FROM information_schema.statistics
      WHERE table_schema = ${schema}
      ORDER BY table_name, index_name <> 'PRIMARY', index_name, seq_in_index`,
  );
}

/** `table.column` of MariaDB's JSON columns: LONGTEXT whose CHECK is json_valid(column). */
async function readJsonChecks(session: SourceSession, schema: string): Promise<Set<string>> {
  const rows = await session.query<{ tableName: string; clause: string }>(
    `SELECT table_name AS tableName, check_clause AS clause
       FROM information_schema.check_constraints WHERE constraint_schema = ${schema}`,
  );
  const found = new Set<string>();
  for (const { tableName, clause } of rows) {
    const match = /^json_valid\(`((?:[^`]|``)+)`\)$/i.exec(clause.trim());
    if (match !== null) found.add(`${tableName}.${match[1].replaceAll('``', '`')}`);
  }
  return found;
}

function describeTable(
  database: string,
  table: TableRow,
  columns: readonly ColumnRow[],
  indexRows: readonly IndexRow[],
  jsonColumns: ReadonlySet<string>,
  watermarkColumn: string | null,
): TableSchema {
  const indexes = [...groupBy(indexRows, (row) => row.indexName).values()];
  return {
    database,
    name: table.name,
    columns: columns.map((row) => describeColumn(row, jsonColumns)),
    key: findKey(indexes),
    engine: table.engine ?? '',
    estimatedRows: Number(table.estimatedRows ?? 0),
    estimatedBytes: Number(table.estimatedBytes ?? 0),
    watermark: chooseWatermark(columns, indexes, watermarkColumn),
    createdAt: table.createdAt,
    autoIncrement: table.autoIncrement === null ? null : String(table.autoIncrement),
    ...(table.type === 'SYSTEM VERSIONED' ? { rowEnd: findRowEnd(columns) } : {}),
  };
}

/** The server makes one of this name where none is declared. */
function findRowEnd(columns: readonly ColumnRow[]): string {
  return columns.find(({ generation }) => generation === 'ROW END')?.name ?? 'row_end';
}

function describeColumn(row: ColumnRow, jsonColumns: ReadonlySet<string>): ColumnSchema {
  return {
    name: row.name,
    dataType: row.dataType.toLowerCase(),
    columnType: row.columnType.toLowerCase(),
    nullable: row.nullable === 'YES',
    characterSet: row.characterSet,
    collation: row.collation,
    numericPrecision: row.numericPrecision === null ? null : Number(row.numericPrecision),
    numericScale: row.numericScale === null ? null : Number(row.numericScale),
    isJsonText: row.dataType === 'longtext' && jsonColumns.has(`${row.tableName}.${row.name}`),
  };
}

function findKey(indexes: readonly (readonly IndexRow[])[]): KeySchema | null {
  const key = indexes.find((rows) =>
    rows.every((row) => Number(row.isUnique) === 1 && row.columnName !== null && !row.nullable),
  );
  if (key === undefined) return null;
  return { indexName: key[0].indexName, columns: key.map((row) => row.columnName ?? '') };
}

const USUAL_WATERMARKS = [
  'updated_at',
  'modified_at',
  'last_modified',
  'last_updated',
  'updated_on',
  'modified_on',
  'update_time',
  'modify_time',
  'modified',
  'updated',
  'changed_at',
  'date_modified',
  'date_updated',
];
const TEMPORAL_TYPES = new Set(['timestamp', 'datetime']);

/**
 * The column that tells what changed since: the operator's choice, else one that the server itself
 * keeps up to date, else one with a usual name, else (for tables that are only inserted into) an
 * AUTO_INCREMENT; of several one with an index.
 */
function chooseWatermark(
  columns: readonly ColumnRow[],
  indexes: readonly (readonly IndexRow[])[],
  configured: string | null,
): WatermarkChoice | null {
  const choose = (column: ColumnRow, reason: WatermarkReason): WatermarkChoice => ({
    column: column.name,
    reason,
    indexName: indexes.find((rows) => rows[0].columnName === column.name)?.[0].indexName ?? null,
  });
  const wanted = columns.find((row) => row.name === configured);
  if (wanted !== undefined) return choose(wanted, 'configured');
  const temporal = columns
    .filter((row) => TEMPORAL_TYPES.has(row.dataType.toLowerCase()))
    .map((row) => choose(row, 'usual-name'));
  const isAutomatic = ({ column }: WatermarkChoice): boolean =>
    columns.some((row) => row.name === column && /on update current_timestamp/i.test(row.extra));
  const automatic = temporal.filter(isAutomatic);
  const kept = automatic.find(({ indexName }) => indexName !== null) ?? automatic.at(0);
  if (kept !== undefined) return { ...kept, reason: 'on-update-timestamp' };
  // Without an index it is slow to follow, but a table that has one is not only inserted into.
  const named = USUAL_WATERMARKS.flatMap((usual) =>
    temporal.filter(({ column }) => column.toLowerCase() === usual),
  );
  const usual = named.find(({ indexName }) => indexName !== null) ?? named.at(0);
  if (usual !== undefined) return usual;
  const counter = columns.find((row) => /auto_increment/i.test(row.extra));
  return counter === undefined ? null : choose(counter, 'auto-increment');
}

function groupBy<T>(rows: readonly T[], key: (row: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const name = key(row);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [row]);
    else group.push(row);
  }
  return groups;
}
