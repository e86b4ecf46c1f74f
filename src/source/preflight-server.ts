import { blocker, type Finding, ok, warning } from '../model/finding.js';
import type { SourceSession } from './connect.js';
import { readBinlogEnd } from './positions.js';
import { readVariables } from './server-variables.js';

export interface ServerVersion {
  readonly product: 'MySQL' | 'MariaDB';
  /** As the server tells it: `9.7.4`, `10.11.14-MariaDB-log`. */
  readonly text: string;
  readonly major: number;
  readonly minor: number;
}

const OLDEST = {
  MySQL: { major: 5, minor: 7 },
  MariaDB: { major: 10, minor: 3 },
} as const;

export async function readServerVersion(session: SourceSession): Promise<ServerVersion> {
  const rows = await session.query<{ version: string }>('SELECT VERSION() AS version');
  return parseServerVersion(rows[0].version);
}

/** From what VERSION() returns. */
export function parseServerVersion(text: string): ServerVersion {
  const [major = 0, minor = 0] = text.split('.').map((part) => parseInt(part, 10) || 0);
  return { product: /mariadb/i.test(text) ? 'MariaDB' : 'MySQL', text, major, minor };
}

export function versionFinding(version: ServerVersion): Finding {
  const { product, text } = version;
  const oldest = OLDEST[product];
  if (isAtLeast(version, oldest.major, oldest.minor)) return ok(`the server is ${product} ${text}`);
  return warning(
    `the server is ${product} ${text}, older than Ducktail is made for`,
    `Upgrade it to ${product} ${oldest.major}.${oldest.minor} or newer.`,
  );
}

/**
 * Whether there is a position that a snapshot corresponds to. A sync can do without one, CDC can't:
 * `cdc` says whether it is wanted.
 */
export async function binlogFindings(
  session: SourceSession,
  version: ServerVersion,
  { account, cdc }: { readonly account: string; readonly cdc: boolean },
): Promise<Finding[]> {
  const variables = await readVariables(session, ['log_bin', 'gtid_mode']);
  if (variables.get('log_bin') !== 'ON') {
    return [
      withoutPosition(cdc)(
        'the binlog is off: a sync works, and records no binlog position',
        'Set log_bin and binlog_format = ROW in the configuration of the server, and restart it.',
      ),
    ];
  }
  return [
    await positionFinding(session, version, { account, cdc }),
    ...gtidFindings(variables.get('gtid_mode')),
  ];
}

/** Whether positions hold without a lock, and on a server that takes the place of this one. */
export async function hasGtids(session: SourceSession): Promise<boolean> {
  const variables = await readVariables(session, ['log_bin', 'gtid_mode']);
  return variables.get('log_bin') === 'ON' && (variables.get('gtid_mode') ?? 'ON') === 'ON';
}

function withoutPosition(cdc: boolean): (what: string, remedy: string) => Finding {
  return (what, remedy) =>
    cdc ? blocker(`${what}; CDC can't start`, remedy) : warning(what, remedy);
}

async function positionFinding(
  session: SourceSession,
  version: ServerVersion,
  { account, cdc }: { readonly account: string; readonly cdc: boolean },
): Promise<Finding> {
  const end = await readBinlogEnd(session);
  if (end !== null) return ok(`the binlog position can be read: ${end.file}, ${end.position}`);
  const hasMonitor = version.product === 'MariaDB' && isAtLeast(version, 10, 5);
  const privilege = hasMonitor ? 'BINLOG MONITOR' : 'REPLICATION CLIENT';
  return withoutPosition(cdc)(
    `${privilege} is missing: a sync works, and records no binlog position`,
    `GRANT ${privilege} ON *.* TO ${account};`,
  );
}

/** MariaDB, which has no such variable, gives GTIDs wherever the binlog is on. */
function gtidFindings(mode: string | undefined): Finding[] {
  if (mode === undefined) return [];
  if (mode === 'ON') return [ok('gtid_mode is ON')];
  return [
    warning(
      `gtid_mode is ${mode}: the binlog position that a sync records holds on this server only, ` +
        'not on one that takes its place',
      'Set enforce_gtid_consistency = ON and gtid_mode = ON in the configuration of the server.',
    ),
  ];
}

function isAtLeast(version: ServerVersion, major: number, minor: number): boolean {
  return version.major > major || (version.major === major && version.minor >= minor);
}
