import type { TableSchema } from '../model/table-schema.js';
import type { Database } from '../target/database.js';

export interface SyncedTable {
  readonly targetSchema: string;
  readonly schema: TableSchema;
  readonly mode: 'full';
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
       (?, ?, ?, ?, from_json(?::JSON, '["VARCHAR"]'), ?, ?::JSON, ?, ?, now(), ?::UUID, NULL)`,
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
       (?, ?, ?, 'none', [], NULL, ?::JSON, 0, 0, NULL, NULL, ?)`,
    [targetSchema, schema.name, schema.database, JSON.stringify(schema.columns), message],
  );
}

async function forget(database: Database, targetSchema: string, table: string): Promise<void> {
  await database.run('DELETE FROM _ducktail.tables WHERE target_schema = ? AND table_name = ?', [
    targetSchema,
    table,
  ]);
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

/** All replicated tables, by name; none in a file that Ducktail has not written to. `rows` runs SQL on the replica, also where it is open read-only. */
export async function readTableStates(
  rows: (sql: string) => Promise<Record<string, unknown>[]>,
): Promise<TableState[]> {
  const known = await rows(
    `SELECT 1 FROM duckdb_tables() WHERE schema_name = '_ducktail' AND table_name = 'tables'`,
  );
  if (known.length === 0) return [];
  const found = await rows(
    `SELECT t.table_name, t.mode, t.row_count, epoch_ms(t.last_sync_at) AS last_sync_ms,
            w.value AS watermark, t.rejected_values, t.last_error
       FROM _ducktail.tables t
       LEFT JOIN _ducktail.watermarks w USING (target_schema, table_name)
      ORDER BY t.table_name`,
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
