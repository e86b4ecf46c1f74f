import type { Checkpoint } from '../model/checkpoint.js';
import type { Database } from '../target/database.js';

/**
 * Within the transaction of a cutover: the binlog position that the table now corresponds to.
 * null: it is not known, and an older one would be wrong.
 */
export async function recordCheckpoint(
  database: Database,
  targetSchema: string,
  table: string,
  checkpoint: Checkpoint | null,
): Promise<void> {
  await database.run(
    'DELETE FROM _ducktail.checkpoints WHERE target_schema = ? AND table_name = ?',
    [targetSchema, table],
  );
  if (checkpoint === null) return;
  const { gtidSet, file, position } = checkpoint;
  await database.run('INSERT INTO _ducktail.checkpoints VALUES (?, ?, ?, ?, ?, now())', [
    targetSchema,
    table,
    gtidSet,
    file,
    position,
  ]);
}
