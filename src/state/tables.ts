import type { SyncMode } from '../model/sync-result.js';
import type { ColumnSchema, TableSchema } from '../model/table-schema.js';
import { quoteDuckdbText } from '../common/identifiers.js';
import type { Database } from '../target/database.js';
import { planTypeName } from '../target/ddl.js';
import { forgetComparedWindow } from './compared-windows.js';
import { countRejectedValues } from './rejected-values.js';

export interface SyncedTable {
  readonly targetSchema: string;
  readonly schema: TableSchema;
  readonly mode: SyncMode;
  readonly rows: number;
  readonly rejectedValues: number;
  readonly runId: string;
}

/** Within the caller's transaction: the table was brought up to date by the run. */
export async function recordSync(database: Database, table: SyncedTable): Promise<void> {
  const { targetSchema, schema, mode, rows, rejectedValues, runId } = table;
  await forget(database, targetSchema, schema.name);
  await database.run(
    `INSERT INTO _ducktail.tables VALUES
       (?, ?, ?, ?, from_json(?::JSON, '["VARCHAR"]'), ?, ?::JSON, ?, ?, now(), ?::UUID, NULL, ?, ?)`,
    [
      targetSchema,
      schema.name,
      schema.database,
      mode,
      JSON.stringify(schema.key?.columns ?? []),
      schema.watermark?.column ?? null,
      JSON.stringify(schema.columns),
      rows,
      rejectedValues,
      runId,
      schema.createdAt,
      schema.autoIncrement,
    ],
  );
}

/** Within the caller's transaction: the latest attempt failed; what was synced before stands. */
export async function recordFailure(
  database: Database,
  targetSchema: string,
  schema: TableSchema,
  message: string,
): Promise<void> {
  const known = await database.rows(
    'SELECT 1 FROM _ducktail.tables WHERE target_schema = ? AND table_name = ?',
    [targetSchema, schema.name],
  );
  if (known.length > 0) {
    await database.run(
      'UPDATE _ducktail.tables SET last_error = ? WHERE target_schema = ? AND table_name = ?',
      [message, targetSchema, schema.name],
    );
    return;
  }
  await database.run(
    `INSERT INTO _ducktail.tables VALUES
       (?, ?, ?, 'none', [], NULL, ?::JSON, 0, 0, NULL, NULL, ?, NULL, NULL)`,
    [targetSchema, schema.name, schema.database, JSON.stringify(schema.columns), message],
  );
}

async function forget(database: Database, targetSchema: string, table: string): Promise<void> {
  await database.run('DELETE FROM _ducktail.tables WHERE target_schema = ? AND table_name = ?', [
    targetSchema,
    table,
  ]);
}

/** Runs SQL on the replica, also where it is open read-only. */
export type RowQuery = (sql: string) => Promise<Record<string, unknown>[]>;

/** What is known about a table since its last sync. */
export interface TableRecord {
  readonly sourceDatabase: string;
  readonly keyColumns: readonly string[];
  readonly columns: readonly ColumnSchema[];
  readonly rows: number;
  readonly rejectedValues: number;
  readonly createdAt: string | null;
  readonly autoIncrement: string | null;
  /** The columns that the replica's table has, in order. */
  readonly replicaColumns: readonly { readonly name: string; readonly type: string }[];
}

/** The tables that were synced at least once and are there, by name. */
export async function readTableRecords(
  query: RowQuery,
  targetSchema: string,
): Promise<Map<string, TableRecord>> {
  const schema = quoteDuckdbText(targetSchema);
  const rows = await query(
    `SELECT t.table_name, t.source_database, to_json(t.key_columns)::VARCHAR AS key_columns,
            t.source_schema::VARCHAR AS columns, t.row_count, t.rejected_values,
            t.source_created_at, t.source_auto_increment::VARCHAR AS source_auto_increment, c.columns::VARCHAR AS replica_columns
       FROM _ducktail.tables t
       JOIN (SELECT table_name, to_json(list({name: column_name, type: data_type}
                                             ORDER BY column_index)) AS columns
               FROM duckdb_columns()
              WHERE database_name = current_database() AND schema_name = ${schema}
              GROUP BY table_name) c USING (table_name)
      WHERE t.target_schema = ${schema} AND t.mode <> 'none'`,
  );
  return new Map(
    rows.map((row) => [
      String(row.table_name),
      {
        sourceDatabase: String(row.source_database),
        keyColumns: JSON.parse(String(row.key_columns)) as string[],
        columns: JSON.parse(String(row.columns)) as ColumnSchema[],
        rows: Number(row.row_count),
        rejectedValues: Number(row.rejected_values),
        createdAt: row.source_created_at as string | null,
        autoIncrement: row.source_auto_increment as string | null,
        replicaColumns: parseReplicaColumns(String(row.replica_columns)),
      },
    ]),
  );
}

function parseReplicaColumns(json: string): { name: string; type: string }[] {
  const columns = JSON.parse(json) as { name: string; type: string }[];
  return columns.map(({ name, type }) => ({ name, type: planTypeName(type) }));
}

/** Within the caller's transaction: the tables were found to be up to date. */
export async function recordUnchanged(
  database: Database,
  targetSchema: string,
  tables: readonly string[],
  runId: string,
): Promise<void> {
  await database.run(
    `UPDATE _ducktail.tables
        SET mode = 'incremental', last_sync_at = now(), last_run_id = ?::UUID, last_error = NULL
      WHERE target_schema = ? AND list_contains(from_json(?::JSON, '["VARCHAR"]'), table_name)`,
    [runId, targetSchema, JSON.stringify(tables)],
  );
}

/**
 * Within the caller's transaction: rows of `table` (qualified) were replaced or removed. Resolves to
 * how many rejected values it has then.
 */
export async function recordCounts(
  database: Database,
  targetSchema: string,
  name: string,
  table: string,
): Promise<number> {
  const [{ n }] = await database.rows(`SELECT count(*) AS n FROM ${table}`);
  const rejectedValues = await countRejectedValues(database, targetSchema, name);
  await forgetComparedWindow(database, targetSchema, name);
  await database.run(
    `UPDATE _ducktail.tables SET row_count = ?, rejected_values = ?
      WHERE target_schema = ? AND table_name = ?`,
    [Number(n), rejectedValues, targetSchema, name],
  );
  return rejectedValues;
}

/** A replicated table as `status` shows it. */
export interface TableState {
  readonly table: string;
  readonly mode: string;
  readonly rows: number;
  /** ISO 8601, UTC. */
  readonly lastSync: string | null;
  readonly watermark: string | null;
  readonly rejectedValues: number;
  readonly error: string | null;
}

/** All replicated tables, by name; none in a file that Ducktail has not written to. */
export async function readTableStates(rows: RowQuery): Promise<TableState[]> {
  const known = await rows(
    `SELECT table_name FROM duckdb_tables() WHERE schema_name = '_ducktail'`,
  );
  const has = (table: string): boolean => known.some(({ table_name }) => table_name === table);
  if (!has('tables')) return [];
  // A file that an older version has written has none, and may be open read-only here.
  const quarantined = has('quarantined_tables')
    ? `(SELECT target_schema, table_name, 'in quarantine: ' || reason AS quarantine
          FROM _ducktail.quarantined_tables)`
    : `(SELECT '' AS target_schema, '' AS table_name, NULL AS quarantine WHERE false)`;
  // A table of which no copy ever succeeded is known by its quarantine alone.
  const found = await rows(
    `SELECT table_name, coalesce(t.mode, 'none') AS mode, coalesce(t.row_count, 0) AS row_count,
            epoch_ms(t.last_sync_at) AS last_sync_ms, w.value AS watermark,
            coalesce(t.rejected_values, 0) AS rejected_values,
            coalesce(q.quarantine, t.last_error) AS last_error
       FROM _ducktail.tables t
       FULL JOIN ${quarantined} q USING (target_schema, table_name)
       LEFT JOIN _ducktail.watermarks w USING (target_schema, table_name)
      ORDER BY table_name`,
  );
  return found.map((row) => ({
    table: String(row.table_name),
    mode: String(row.mode),
    rows: Number(row.row_count),
    lastSync: row.last_sync_ms === null ? null : new Date(Number(row.last_sync_ms)).toISOString(),
    watermark: row.watermark as string | null,
    rejectedValues: Number(row.rejected_values),
    error: row.last_error as string | null,
  }));
}
