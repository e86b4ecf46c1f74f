import { placeOf } from '../model/checkpoint.js';
import { readStreamPosition } from '../state/stream.js';
import { type RowQuery, readTableStates, type TableState } from '../state/tables.js';
import { ReadOnlyReplica } from '../target/read-only.js';
import type { CdcStatus, ReplicationState } from './replication.js';

/** The document of `status --json`. */
export interface Status {
  /** The service that has the replica; null where none runs. */
  readonly service: ServiceStatus | null;
  readonly cdc: CdcStatus | null;
  readonly tables: readonly TableState[];
}

export interface ServiceStatus {
  readonly pid: number;
  readonly state: ReplicationState | 'stopping';
}

/** The status of a replica that no service has. */
export async function readStatus(path: string, targetSchema: string): Promise<Status> {
  using replica = await ReadOnlyReplica.open(path);
  const query: RowQuery = (sql) => replica.rows(sql);
  const tables = await readTableStates(query);
  return { service: null, cdc: await recordedCdc(query, targetSchema), tables };
}

/** Where the stream stopped; null where there never was one. */
async function recordedCdc(query: RowQuery, targetSchema: string): Promise<CdcStatus | null> {
  // A file that an older version has written has no such table, and is open read-only here.
  const found = await query(
    `SELECT 1 FROM duckdb_tables() WHERE schema_name = '_ducktail' AND table_name = 'stream'`,
  );
  const position = found.length === 0 ? null : await readStreamPosition(query, targetSchema);
  if (position === null) return null;
  const { checkpoint, sourceTimeMs } = position;
  const sourceTime = isoTime(sourceTimeMs);
  const shown = placeOf(checkpoint);
  return { state: 'stopped', checkpoint: shown, sourceTime, lagSeconds: null, endedQueries: 0 };
}

/** ISO 8601, UTC. */
export function isoTime(timeMs: number | null): string | null {
  return timeMs === null ? null : new Date(timeMs).toISOString();
}
