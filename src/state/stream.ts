import { quoteDuckdbText } from '../common/identifiers.js';
import type { Checkpoint } from '../model/checkpoint.js';
import type { Database } from '../target/database.js';
import type { RowQuery } from './tables.js';

/** How far the stream of changes is applied. */
export interface StreamPosition {
  /** MySQL: server_uuid; MariaDB: server and domain id. */
  readonly sourceIdentity: string;
  readonly checkpoint: Checkpoint;
  /** When the last applied transaction was committed at the source; null: not known. */
  readonly sourceTimeMs: number | null;
}

export interface RecordedStreamPosition extends StreamPosition {
  readonly recordedAtMs: number;
}

/** Within the transaction that applies the changes up to here. */
export async function recordStreamPosition(
  database: Database,
  targetSchema: string,
  { sourceIdentity, checkpoint, sourceTimeMs }: StreamPosition,
): Promise<void> {
  await forgetStreamPosition(database, targetSchema);
  await database.run(
    `INSERT INTO _ducktail.stream
       VALUES (?, ?, ?, ?, ?, to_timestamp(?::DOUBLE / 1000), now(), ?)`,
    [
      targetSchema,
      sourceIdentity,
      checkpoint.gtidSet,
      checkpoint.file,
      checkpoint.position,
      sourceTimeMs,
      checkpoint.fileTimeMs ?? null,
    ],
  );
}

/** Within the caller's transaction: the stream has to begin anew, from a snapshot. */
export async function forgetStreamPosition(
  database: Database,
  targetSchema: string,
): Promise<void> {
  await database.run('DELETE FROM _ducktail.stream WHERE target_schema = ?', [targetSchema]);
}

/** null: nothing was ever streamed. */
export async function readStreamPosition(
  query: RowQuery,
  targetSchema: string,
): Promise<RecordedStreamPosition | null> {
  // The file of an older version, open read-only, lacks the last column.
  const rows = await query(
    `SELECT *,
            epoch_ms(source_time) AS source_time_ms, epoch_ms(recorded_at) AS recorded_at_ms
       FROM _ducktail.stream WHERE target_schema = ${quoteDuckdbText(targetSchema)}`,
  );
  if (rows.length === 0) return null;
  const [row] = rows;
  const fileTimeMs = row.binlog_file_time_ms;
  return {
    sourceIdentity: String(row.source_identity),
    checkpoint: {
      gtidSet: row.gtid_set as string | null,
      file: String(row.binlog_file),
      position: Number(row.binlog_position),
      ...(typeof fileTimeMs === 'string' ? { fileTimeMs: Number(fileTimeMs) } : {}),
    },
    sourceTimeMs: row.source_time_ms === null ? null : Number(row.source_time_ms),
    recordedAtMs: Number(row.recorded_at_ms),
  };
}
