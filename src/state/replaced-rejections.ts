import { quoteDuckdbText } from '../common/identifiers.js';
import type { Database } from '../target/database.js';

/**
 * Within a transaction: removes the rejected values on record for some keys, given as JSON arrays of
 * texts. It finds what `forgetRejectedValues` can't: rows whose key itself was rejected and is NULL
 * in the replica.
 */
export async function forgetRejectionsOfKeys(
  database: Database,
  targetSchema: string,
  table: string,
  keys: readonly string[],
): Promise<void> {
  if (keys.length === 0) return;
  await database.run(
    `DELETE FROM _ducktail.rejected_values
      WHERE target_schema = ? AND table_name = ?
        AND row_key::VARCHAR IN (${keys.map(quoteDuckdbText).join(', ')})`,
    [targetSchema, table],
  );
}
