import { quoteDuckdbText } from '../common/identifiers.js';
import type { Checkpoint } from '../model/checkpoint.js';
import type { Database } from '../target/database.js';
import type { RowQuery } from './tables.js';

/** What a table's last copy corresponds to. */
export interface TableCheckpoint extends Checkpoint {
  /** Whether the stream's own position, where it is further, holds for the table too. */
  readonly inStream: boolean;
}

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
  await database.run('INSERT INTO _ducktail.checkpoints VALUES (?, ?, ?, ?, ?, now(), false)', [
    targetSchema,
    table,
    gtidSet,
    file,
    position,
  ]);
}

/** By table. */
export async function readCheckpoints(
  query: RowQuery,
  targetSchema: string,
): Promise<Map<string, TableCheckpoint>> {
  const rows = await query(
    `SELECT table_name, gtid_set, binlog_file, binlog_position, in_stream
       FROM _ducktail.checkpoints WHERE target_schema = ${quoteDuckdbText(targetSchema)}`,
  );
  return new Map(
    rows.map((row) => [
      String(row.table_name),
      {
        gtidSet: row.gtid_set as string | null,
        file: String(row.binlog_file),
        position: Number(row.binlog_position),
        inStream: row.in_stream === true,
      },
    ]),
  );
}

/**
 * Within the caller's transaction: from now on the stream's position holds for exactly these tables.
 * Not an UPDATE, which would keep CHECKPOINT from running beside an older reader.
 */
export async function recordStreamMembers(
  database: Database,
  targetSchema: string,
  tables: readonly string[],
): Promise<void> {
  const schema = quoteDuckdbText(targetSchema);
  const members = tables.map(quoteDuckdbText).join(', ');
  const isMember = tables.length === 0 ? 'false' : `table_name IN (${members})`;
  const isChanged = `target_schema = ${schema} AND in_stream IS DISTINCT FROM (${isMember})`;
  const changed = await database.rows(
    // As text: ids of rows that came in this transaction are beyond what a number can tell apart.
    `SELECT rowid::VARCHAR AS id FROM _ducktail.checkpoints WHERE ${isChanged}`,
  );
  if (changed.length === 0) return;
  const ids = changed.map(({ id }) => String(id)).join(', ');
  await database.run(
    `INSERT INTO _ducktail.checkpoints
       SELECT * REPLACE (NOT coalesce(in_stream, false) AS in_stream) FROM _ducktail.checkpoints
        WHERE rowid IN (${ids})`,
  );
  await database.run(`DELETE FROM _ducktail.checkpoints WHERE rowid IN (${ids})`);
}

/** Within the caller's transaction: what the copies correspond to means nothing any more. */
export async function forgetCheckpoints(database: Database, targetSchema: string): Promise<void> {
  await database.run('DELETE FROM _ducktail.checkpoints WHERE target_schema = ?', [targetSchema]);
}
