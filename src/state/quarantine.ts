import { quoteDuckdbText } from '../common/identifiers.js';
import type { Database } from '../target/database.js';
import type { RowQuery } from './tables.js';

export interface Quarantine {
  readonly reason: string;
  readonly sinceMs: number;
}

/** Within the caller's transaction: changes of the table are not applied from here on. */
export async function recordQuarantine(
  database: Database,
  targetSchema: string,
  table: string,
  reason: string,
): Promise<void> {
  await releaseQuarantine(database, targetSchema, table);
  await database.run('INSERT INTO _ducktail.quarantined_tables VALUES (?, ?, ?, now())', [
    targetSchema,
    table,
    reason,
  ]);
}

/** Within the caller's transaction: the table was copied again, or is replicated no more. */
export async function releaseQuarantine(
  database: Database,
  targetSchema: string,
  table: string,
): Promise<void> {
  await database.run(
    'DELETE FROM _ducktail.quarantined_tables WHERE target_schema = ? AND table_name = ?',
    [targetSchema, table],
  );
}

/** The tables in quarantine, by name. */
export async function readQuarantines(
  query: RowQuery,
  targetSchema: string,
): Promise<Map<string, Quarantine>> {
  const rows = await query(
    `SELECT table_name, reason, epoch_ms(since) AS since_ms FROM _ducktail.quarantined_tables
      WHERE target_schema = ${quoteDuckdbText(targetSchema)} ORDER BY since, table_name`,
  );
  return new Map(
    rows.map((row) => [
      String(row.table_name),
      { reason: String(row.reason), sinceMs: Number(row.since_ms) },
    ]),
  );
}
