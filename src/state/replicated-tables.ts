import type { Database } from '../target/database.js';

const TABLES_WITH_STATE = [
  'tables',
  'watermarks',
  'checkpoints',
  'rejected_values',
  'quarantined_tables',
] as const;

/** Within the caller's transaction: nothing is known of the table any more. */
export async function forgetTable(
  database: Database,
  targetSchema: string,
  table: string,
): Promise<void> {
  for (const state of TABLES_WITH_STATE) {
    await database.run(
      `DELETE FROM _ducktail.${state} WHERE target_schema = ? AND table_name = ?`,
      [targetSchema, table],
    );
  }
}

/** Within the caller's transaction: all that is known of the table is known of its new name. */
export async function renameTableState(
  database: Database,
  targetSchema: string,
  from: string,
  to: string,
): Promise<void> {
  await forgetTable(database, targetSchema, to);
  for (const state of TABLES_WITH_STATE) {
    await database.run(
      `UPDATE _ducktail.${state} SET table_name = ? WHERE target_schema = ? AND table_name = ?`,
      [to, targetSchema, from],
    );
  }
}
