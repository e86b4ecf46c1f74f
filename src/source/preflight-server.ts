import { type Finding, ok, warning } from '../model/finding.js';
import type { SourceSession } from './connect.js';
import { readBinlogEnd } from './positions.js';

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

/** Whether a sync can record the position that its snapshot corresponds to. */
export async function binlogFindings(
  session: SourceSession,
  version: ServerVersion,
  account: string,
): Promise<Finding[]> {
  const variables = await readVariables(session, ['log_bin', 'gtid_mode']);
  if (variables.get('log_bin') !== 'ON') {
    return [
      warning(
        'the binlog is off: a sync works, and records no binlog position',
        'Set log_bin and binlog_format = ROW in the configuration of the server, and restart it.',
      ),
    ];
  }
  return [
    await positionFinding(session, version, account),
    ...gtidFindings(variables.get('gtid_mode')),
  ];
}

async function positionFinding(
  session: SourceSession,
  version: ServerVersion,
  account: string,
): Promise<Finding> {
  const end = await readBinlogEnd(session);
  if (end !== null) return ok(`the binlog position can be read: ${end.file}, ${end.position}`);
  const hasMonitor = version.product === 'MariaDB' && isAtLeast(version, 10, 5);
  const privilege = hasMonitor ? 'BINLOG MONITOR' : 'REPLICATION CLIENT';
  return warning(
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

/** Unknown names are simply missing from the result. */
async function readVariables(
  session: SourceSession,
  names: readonly string[],
): Promise<Map<string, string>> {
  const list = names.map((name) => `'${name}'`).join(', ');
  const rows = await session.query<{ Variable_name: string; Value: string }>(
    `SHOW GLOBAL VARIABLES WHERE Variable_name IN (${list})`,
  );
  return new Map(rows.map((row) => [row.Variable_name.toLowerCase(), row.Value]));
}

function isAtLeast(version: ServerVersion, major: number, minor: number): boolean {
  return version.major > major || (version.major === major && version.minor >= minor);
}
