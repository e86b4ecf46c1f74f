import { quoteMysqlText } from '../common/identifiers.js';
import type { BinlogPosition } from '../model/binlog-position.js';
import type { Checkpoint } from '../model/checkpoint.js';
import type { SourceSession } from './connect.js';
import { firstAllowed } from './first-allowed.js';

interface StatusRow {
  readonly File: string;
  readonly Position: string | number;
  /** Comma lists of databases; empty: all, and none. */
  readonly Binlog_Do_DB?: string;
  readonly Binlog_Ignore_DB?: string;
}

/**
 * The binlog's current end, or null where the binlog is off or may not be seen. Exact for a
 * snapshot only while writers are locked out.
 */
export async function readBinlogEnd(session: SourceSession): Promise<Checkpoint | null> {
  const end = await readBinlogStatus(session);
  return end === null ? null : { gtidSet: await readGtidSet(session), ...end };
}

/**
 * What a stream of the binlog brings until then: without what was purged, and what never was in the
 * binlog (`SET GLOBAL gtid_purged`), though the source counts it as executed.
 */
export async function readStreamEnd(session: SourceSession): Promise<Checkpoint | null> {
  const end = await readBinlogEnd(session);
  if (session.isMariaDb || end === null || end.gtidSet === null) return end;
  const [{ gtidSet }] = await session.query<{ gtidSet: string }>(
    `SELECT GTID_SUBTRACT(${quoteMysqlText(end.gtidSet)}, @@GLOBAL.gtid_purged) AS gtidSet`,
  );
  return { ...end, gtidSet: gtidSet.replaceAll(/\s/g, '') };
}

export async function readBinlogStatus(session: SourceSession): Promise<BinlogPosition | null> {
  const row = await readBinlogStatusRow(session);
  return row === null ? null : { file: row.File, position: Number(row.Position) };
}

/**
 * Where the binlog ends, and which databases the server leaves out of it; null where that may not be
 * known. MySQL 8.2 renamed the statement and 8.4 dropped the old one, which MariaDB keeps.
 */
export async function readBinlogStatusRow(session: SourceSession): Promise<StatusRow | null> {
  const rows = await firstAllowed<StatusRow>(
    session,
    session.isMariaDb ? ['SHOW MASTER STATUS'] : ['SHOW BINARY LOG STATUS', 'SHOW MASTER STATUS'],
  );
  return rows?.at(0) ?? null;
}

/**
 * The transactions that the source has executed: the empty text where there are none yet, null where
 * GTIDs are off. MySQL adds one to it after its changes are seen by others, and after its binlog is
 * read by replicas.
 */
export async function readGtidSet(session: SourceSession): Promise<string | null> {
  const [{ gtidSet, mode }] = await session.query<{ gtidSet: string; mode: string }>(
    session.isMariaDb
      ? `SELECT @@GLOBAL.gtid_binlog_pos AS gtidSet, 'ON' AS mode`
      : 'SELECT @@GLOBAL.gtid_executed AS gtidSet, @@GLOBAL.gtid_mode AS mode',
  );
  return mode === 'ON' ? gtidSet.replaceAll(/\s/g, '') : null;
}

/**
 * Where in the binlog the session's consistent snapshot is: MariaDB knows it. One session at a time:
 * with several, the server has told one the other's.
 */
export async function readSnapshotPosition(session: SourceSession): Promise<BinlogPosition | null> {
  if (!session.isMariaDb) return null;
  const rows = await session.query<{ Variable_name: string; Value: string }>(
    `SHOW STATUS WHERE Variable_name IN ('binlog_snapshot_file', 'binlog_snapshot_position')`,
  );
  const status = new Map(
    rows.map(({ Variable_name, Value }) => [Variable_name.toLowerCase(), Value]),
  );
  const file = status.get('binlog_snapshot_file') ?? '';
  const position = Number(status.get('binlog_snapshot_position') ?? 0);
  return file === '' ? null : { file, position };
}
