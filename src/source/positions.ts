import type { Checkpoint } from '../model/checkpoint.js';
import type { SourceSession } from './connect.js';

interface StatusRow {
  readonly File: string;
  readonly Position: string | number;
}

/**
 * The binlog's current end, or null where the binlog is off or may not be seen. Exact for a
 * snapshot only while writers are locked out.
 */
export async function readBinlogEnd(session: SourceSession): Promise<Checkpoint | null> {
  const status = await readStatus(session);
  if (status === null) return null;
  return {
    gtidSet: await readGtidSet(session),
    file: status.File,
    position: Number(status.Position),
  };
}

/** MySQL 8.2 renamed the statement and 8.4 dropped the old one, which MariaDB keeps. */
async function readStatus(session: SourceSession): Promise<StatusRow | null> {
  const statements = session.isMariaDb
    ? ['SHOW MASTER STATUS']
    : ['SHOW BINARY LOG STATUS', 'SHOW MASTER STATUS'];
  for (const statement of statements) {
    try {
      const rows = await session.query<StatusRow>(statement);
      return rows.at(0) ?? null;
    } catch (error) {
      // Unknown to this version, or not granted: the preflight tells the operator.
      if (isConnectionLoss(error)) throw error;
    }
  }
  return null;
}

async function readGtidSet(session: SourceSession): Promise<string | null> {
  const variable = session.isMariaDb ? '@@GLOBAL.gtid_binlog_pos' : '@@GLOBAL.gtid_executed';
  const rows = await session.query<{ gtidSet: string | null }>(`SELECT ${variable} AS gtidSet`);
  const gtidSet = (rows.at(0)?.gtidSet ?? '').replaceAll(/\s/g, '');
  return gtidSet === '' ? null : gtidSet;
}

function isConnectionLoss(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'source-unavailable';
}
