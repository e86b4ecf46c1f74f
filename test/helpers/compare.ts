import assert from 'node:assert/strict';
import mysql from 'mysql2/promise';
import type { Flavour } from '../servers/test-server.js';
import { comparableTable, type ComparableTable } from './compare/comparable-table.js';
import { type ComparedTypes, DEFAULT_TYPES, quoteReplicaName } from './compare/canonical-column.js';
import { differingRejections } from './compare/rejected-values.js';
import { type Difference, differingRows } from './compare/row-difference.js';
import { readSourceLayout } from './compare/source-layout.js';
import { Replica } from './replica.js';
import { queryTexts, type TextRow } from './test-source.js';

export type { Difference } from './compare/row-difference.js';

export interface CompareOptions {
  /** `TARGET_SCHEMA` of the sync. */
  readonly schema?: string;
  /** The source's tables to compare; all of the database by default. */
  readonly tables?: readonly string[];
  /** The type options of the sync. */
  readonly types?: Partial<ComparedTypes>;
  /** Also what is in `_ducktail.rejected_values`; true by default. */
  readonly rejections?: boolean;
}

export interface Comparison {
  readonly tables: number;
  /** Rows of the source that were compared. */
  readonly rows: number;
  readonly differences: readonly Difference[];
}

interface ComparedSource {
  readonly flavour: Flavour;
  /** With the database. */
  readonly url: string;
}

/** Tables with more values than this are compared by hashes first, and only what differs by value. */
const MAX_DIRECT_VALUES = 50_000;
const SHOWN_DIFFERENCES = 20;

/**
 * Compares every value of the source's tables, as the server itself prints it, with the replica.
 * Nothing of the program under test takes part: both databases make canonical texts by SQL (see
 * `compare/canonical-column.ts`). Large tables are compared in the databases, by the sum of row
 * hashes in 256 buckets; the rows of the buckets that differ are then compared here.
 */
export async function compareReplica(
  source: ComparedSource,
  duckdbPath: string,
  options: CompareOptions = {},
): Promise<Comparison> {
  const { schema = 'main', types = {}, rejections = true } = options;
  using replica = await Replica.open(duckdbPath);
  const connection = await mysql.createConnection({ uri: source.url, charset: 'utf8mb4' });
  // A file's database is named after it, which may be the name of a schema as well.
  const [[database]] = await replica.texts('SELECT current_database()');
  const qualify = (name: string): string =>
    `${quoteReplicaName(database ?? '')}.${quoteReplicaName(name)}`;
  const query = (sql: string): Promise<TextRow[]> => queryTexts(connection, sql);
  try {
    await connection.query("SET SESSION time_zone = '+00:00', sql_mode = 'ALLOW_INVALID_DATES'");
    const layout = await readSourceLayout(query, source.flavour);
    const tables = layout
      .filter(({ name }) => options.tables?.includes(name) ?? true)
      .map((table) =>
        comparableTable(table, source.flavour, { ...DEFAULT_TYPES, ...types }, qualify(schema)),
      );
    const differences: Difference[] = [];
    let rows = 0;
    for (const table of tables) {
      const shape = await differingShape(table, replica, schema);
      differences.push(...shape);
      if (shape.length > 0) continue;
      const compared = await compareRows(table, query, replica);
      rows += compared.rows;
      differences.push(...compared.differences);
      if (rejections) {
        differences.push(
          ...(await differingRejections(table, query, replica, {
            schema,
            state: qualify('_ducktail'),
          })),
        );
      }
    }
    return { tables: tables.length, rows, differences };
  } finally {
    connection.destroy();
  }
}

/** Fails with the differences, by table, key and column; returns what was compared. */
export async function assertSameData(
  source: ComparedSource,
  duckdbPath: string,
  options: CompareOptions = {},
): Promise<Comparison> {
  const comparison = await compareReplica(source, duckdbPath, options);
  assertNone(comparison.differences);
  return comparison;
}

/** Compares all tables at once; what it returns fails with the differences of the table named. */
export async function sameDataByTable(
  source: ComparedSource,
  duckdbPath: string,
  options: CompareOptions = {},
): Promise<(table: string) => void> {
  const { differences } = await compareReplica(source, duckdbPath, options);
  return (table) => assertNone(differences.filter((one) => one.table === table));
}

function assertNone(differences: readonly Difference[]): void {
  const shown = differences.slice(0, SHOWN_DIFFERENCES).map((one) => JSON.stringify(one));
  assert.equal(differences.length, 0, `source and replica differ:\n${shown.join('\n')}`);
}

/** The same columns in the same order with the types of the types table. */
async function differingShape(
  table: ComparableTable,
  replica: Replica,
  schema: string,
): Promise<Difference[]> {
  const columns = await replica.texts(
    `SELECT column_name, data_type FROM duckdb_columns()
      WHERE database_name = current_database() AND schema_name = '${schema}'
        AND table_name = '${table.name.replaceAll("'", "''")}'
      ORDER BY column_index`,
  );
  const base = { table: table.name, key: null, source: null, replica: null };
  if (columns.length === 0) return [{ ...base, kind: 'missing table', column: null }];
  const length = Math.max(columns.length, table.columns.length);
  return Array.from({ length }, (_, at) => at).flatMap((at) => {
    const wanted = table.columns.at(at);
    const source = wanted === undefined ? null : `${wanted.name} ${wanted.replicaType}`;
    const found = columns.at(at);
    const actual = found === undefined ? null : found.join(' ');
    const column = wanted?.name ?? null;
    return source === actual
      ? []
      : [{ ...base, kind: 'column' as const, column, source, replica: actual }];
  });
}

async function compareRows(
  table: ComparableTable,
  query: (sql: string) => Promise<TextRow[]>,
  replica: Replica,
): Promise<{ rows: number; differences: Difference[] }> {
  const rows = Number((await query(table.source.count))[0][0]);
  if (rows * table.columns.length <= MAX_DIRECT_VALUES) {
    return { rows, differences: await compareByValue(table, null, query, replica) };
  }
  const source = new Set((await query(table.source.buckets)).map((row) => row.join(' ')));
  const target = new Set((await replica.texts(table.replica.buckets)).map((row) => row.join(' ')));
  const differing = [...source].filter((bucket) => !target.has(bucket));
  differing.push(...[...target].filter((bucket) => !source.has(bucket)));
  if (differing.length === 0) return { rows, differences: [] };
  const buckets = [...new Set(differing.map((bucket) => bucket.slice(0, 2)))];
  return { rows, differences: await compareByValue(table, buckets, query, replica) };
}

async function compareByValue(
  table: ComparableTable,
  buckets: readonly string[] | null,
  query: (sql: string) => Promise<TextRow[]>,
  replica: Replica,
): Promise<Difference[]> {
  const source = await query(table.source.rows(buckets));
  return differingRows(table, source, await replica.texts(table.replica.rows(buckets)));
}
