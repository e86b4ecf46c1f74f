import { goneRows } from '../compare/gone-rows.js';
import type { SourceSession } from '../source/connect.js';
import { forgetRejectedValues } from '../state/rejected-values.js';
import { recordCounts } from '../state/tables.js';
import { qualifiedName } from '../target/ddl.js';
import type { FollowedTable, IncrementalContext } from './incremental-sync.js';

/**
 * Removes the replica's rows whose keys the source has no more, each group of them in a transaction
 * with the row count. The source reads its keys alone.
 */
export async function removeGoneRows(
  session: SourceSession,
  { plan }: FollowedTable,
  { database, options, hooks, signal }: IncrementalContext,
): Promise<{ deleted: number; rejectedValues: number }> {
  const { targetSchema } = options;
  const { name } = plan.schema;
  const table = qualifiedName(database, targetSchema, name);
  const keyColumns = plan.keyColumns.map((at) => plan.columns[at]);
  let deleted = 0;
  let rejectedValues = 0;
  await hooks.beforeDeletes?.(name);
  for await (const { condition } of goneRows({ session, database, plan, table })) {
    signal.throwIfAborted();
    await database.transaction(async () => {
      const rows = `(FROM ${table} WHERE ${condition})`;
      await forgetRejectedValues(database, targetSchema, name, rows, keyColumns);
      const [gone] = await database.rows(`DELETE FROM ${table} WHERE ${condition}`);
      deleted += Number(gone.Count);
      rejectedValues = await recordCounts(database, targetSchema, name, table);
      await hooks.beforeDeletesCommit?.(name);
    });
  }
  return { deleted, rejectedValues };
}
