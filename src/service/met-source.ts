import type { MysqlEndpoint } from '../model/mysql-endpoint.js';
import { openSession } from '../source/connect.js';
import { readSourceHistory, type SourceHistory } from '../source/source-history.js';
import { readStreamPosition } from '../state/stream.js';
import type { Database } from '../target/database.js';
import { replicaServerId } from './replica-identity.js';
import type { SourceLag } from './source-lag.js';

export interface MetSource {
  readonly source: SourceHistory;
  /** By which the replica registers there. */
  readonly serverId: number;
}

interface Expectations {
  readonly endpoint: MysqlEndpoint;
  readonly targetSchema: string;
  /** null: chosen once, and kept in the replica. */
  readonly serverId: number | null;
}

/** Throws where the source is not one whose binlog can be followed on from here. */
export async function meetSource(
  database: Database,
  { endpoint, targetSchema, serverId: wanted }: Expectations,
  lag: SourceLag,
): Promise<MetSource> {
  await using session = await openSession(endpoint);
  const source = await readSourceHistory(session);
  const serverId = await replicaServerId(database, wanted, source);
  lag.require(await readStreamPosition((sql) => database.rows(sql), targetSchema), source);
  return { source, serverId };
}
