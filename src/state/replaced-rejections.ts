import type { Database } from '../target/database.js';

/**
 * Within a transaction, before those of the copy are added: removes the rejected values of rows that
 * have new ones in the buffer. It finds what `forgetRejectedValues` can't: rows whose key itself was
 * rejected and is NULL in the replica.
 */
export async function forgetReplacedRejections(
  database: Database,
  targetSchema: string,
  table: string,
  copyId: string,
): Promise<void> {
  await database.run(
    `DELETE FROM _ducktail.rejected_values
      WHERE target_schema = ? AND table_name = ?
        AND row_key::VARCHAR IN (SELECT row_key FROM rejected_buffer WHERE copy_id = ?)`,
    [targetSchema, table, copyId],
  );
}
