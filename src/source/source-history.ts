import type { BinlogPosition } from '../model/binlog-position.js';
import type { GtidFlavour } from '../model/gtid-set.js';
import type { SourceSession } from './connect.js';
import { readBinlogStatus, readGtidSet } from './positions.js';

/** Which server this is, and how far its history goes. */
export interface SourceHistory {
  readonly flavour: GtidFlavour;
  /** MySQL: server_uuid; MariaDB: server and domain id. Another one has binlog files of its own. */
  readonly identity: string;
  /** Its number among the servers of a replication. */
  readonly serverId: number;
  /** What it has executed; null where GTIDs are off. */
  readonly gtidSet: string | null;
  /** Where its binlog ends; null where that may not be seen. */
  readonly end: BinlogPosition | null;
}

export async function readSourceHistory(session: SourceSession): Promise<SourceHistory> {
  const text = session.isMariaDb
    ? "CONCAT_WS('-', @@GLOBAL.gtid_domain_id, @@GLOBAL.server_id)"
    : '@@GLOBAL.server_uuid';
  const [{ identity, serverId }] = await session.query<{
    identity: string;
    serverId: string | number;
  }>(`SELECT ${text} AS identity, @@GLOBAL.server_id AS serverId`);
  return {
    flavour: session.isMariaDb ? 'mariadb' : 'mysql',
    identity,
    serverId: Number(serverId),
    gtidSet: await readGtidSet(session),
    end: await readBinlogStatus(session),
  };
}
