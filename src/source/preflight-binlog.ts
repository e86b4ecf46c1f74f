import { blocker, type Finding, ok, warning } from '../model/finding.js';
import type { TableSchema } from '../model/table-schema.js';
import { RETENTION_VARIABLES, retentionSeconds } from './binlog-retention.js';
import type { SourceSession } from './connect.js';
import { firstAllowed } from './first-allowed.js';
import { readBinlogStatusRow } from './positions.js';
import type { ServerVersion } from './preflight-server.js';
import { readVariables } from './server-variables.js';

/** What CDC asks of a setting that a statement can mend. */
interface Setting {
  readonly name: string;
  readonly isRight: (value: string) => boolean;
  /** What follows from a wrong one, as the end of a sentence. */
  readonly trouble: string;
  readonly level: 'blocker' | 'warning';
  readonly remedy: string;
}

const IN_CONFIGURATION = 'Set it in the configuration of the server too, for its next start.';
const OPEN_SESSIONS = 'Sessions that are open keep theirs until they connect anew.';

const SETTINGS: readonly Setting[] = [
  {
    name: 'binlog_format',
    isRight: (value) => value === 'ROW',
    trouble: "changes come as statements, which CDC can't follow",
    level: 'blocker',
    remedy: `SET GLOBAL binlog_format = 'ROW'; ${IN_CONFIGURATION} ${OPEN_SESSIONS}`,
  },
  {
    name: 'binlog_row_image',
    isRight: (value) => value === 'FULL',
    trouble: 'changes come without the columns that they leave alone',
    level: 'blocker',
    remedy: `SET GLOBAL binlog_row_image = 'FULL'; ${IN_CONFIGURATION} ${OPEN_SESSIONS}`,
  },
  {
    name: 'binlog_row_metadata',
    isRight: (value) => value === 'FULL',
    trouble: 'changes come without the names of their columns, and could be taken for others',
    level: 'blocker',
    remedy: `SET GLOBAL binlog_row_metadata = 'FULL'; ${IN_CONFIGURATION}`,
  },
  {
    name: 'binlog_row_value_options',
    isRight: (value) => value === '',
    trouble: "changes of JSON values come in parts, which CDC can't follow",
    level: 'blocker',
    remedy: `SET GLOBAL binlog_row_value_options = ''; ${IN_CONFIGURATION} ${OPEN_SESSIONS}`,
  },
  {
    name: 'server_id',
    isRight: (value) => value !== '0',
    trouble: 'the server gives its binlog to nobody',
    level: 'blocker',
    remedy: `SET GLOBAL server_id = 1; or another number that no server or client of it has. ${IN_CONFIGURATION}`,
  },
  {
    name: 'sync_binlog',
    isRight: (value) => value === '1',
    trouble:
      'where the machine crashes, the source can forget transactions that the replica has, and ' +
      'tables have to be copied anew',
    level: 'warning',
    remedy: `SET GLOBAL sync_binlog = 1; ${IN_CONFIGURATION}`,
  },
  {
    name: 'binlog_checksum',
    isRight: (value) => value !== 'NONE',
    trouble: "damage on the way from the source's disk is not noticed",
    level: 'warning',
    remedy: `SET GLOBAL binlog_checksum = 'CRC32'; ${IN_CONFIGURATION}`,
  },
];

/** MariaDB's and Percona's names for a bound on the size of all binlog files. */
const SIZE_BOUNDS = ['max_binlog_total_size', 'binlog_space_limit'];
const RECEIVED = ['log_replica_updates', 'log_slave_updates', 'read_only'];

const DAY_SECONDS = 86_400;
/** A weekend, and a day to notice. */
const LEAST_RETENTION_SECONDS = 3 * DAY_SECONDS;
/** What a snapshot was measured to take on two cores. */
const SNAPSHOT_ROWS_PER_SECOND = 300_000;

/** What CDC needs of the binlog and how it is written. */
export async function binlogContentFindings(
  session: SourceSession,
  version: ServerVersion,
  { database, tables }: { readonly database: string; readonly tables: readonly TableSchema[] },
): Promise<Finding[]> {
  const names = SETTINGS.map(({ name }) => name);
  const variables = await readVariables(session, [
    ...names,
    ...RETENTION_VARIABLES,
    ...SIZE_BOUNDS,
    ...RECEIVED,
  ]);
  return [
    ...SETTINGS.flatMap((setting) => settingFinding(setting, variables, version)),
    retentionFinding(variables, tables),
    ...sizeBoundFindings(variables),
    ...(await receivedFindings(session, variables)),
    ...(await filterFindings(session, database)),
  ];
}

function settingFinding(
  { name, isRight, trouble, level, remedy }: Setting,
  variables: ReadonlyMap<string, string>,
  version: ServerVersion,
): Finding[] {
  const value = variables.get(name);
  if (value === undefined) return name === 'binlog_row_metadata' ? [noMetadata(version)] : [];
  if (isRight(value)) return [ok(value === '' ? `${name} is empty` : `${name} is ${value}`)];
  const finding = level === 'blocker' ? blocker : warning;
  return [finding(`${name} is ${value}: ${trouble}`, remedy)];
}

function noMetadata({ product }: ServerVersion): Finding {
  const since = product === 'MySQL' ? '8.0.1' : '10.5';
  return blocker(
    'this server has no binlog_row_metadata, without which changes could be taken for those of ' +
      'other columns',
    `Upgrade it to ${product} ${since} or newer.`,
  );
}

function retentionFinding(
  variables: ReadonlyMap<string, string>,
  tables: readonly TableSchema[],
): Finding {
  const kept = retentionSeconds(variables);
  const rows = tables.reduce((sum, { estimatedRows }) => sum + estimatedRows, 0);
  const snapshot = rows / SNAPSHOT_ROWS_PER_SECOND;
  const needed = Math.max(LEAST_RETENTION_SECONDS, Math.ceil(2 * snapshot));
  if (kept === null) return ok('the binlog is kept until somebody purges it');
  const words = duration(kept);
  if (kept >= needed) return ok(`the binlog is kept for ${words}`);
  const statement = variables.has('binlog_expire_logs_seconds')
    ? `SET GLOBAL binlog_expire_logs_seconds = ${needed};`
    : `SET GLOBAL expire_logs_days = ${Math.ceil(needed / DAY_SECONDS)};`;
  return warning(
    `the binlog is kept for ${words}: where the service stands still for longer, or a snapshot ` +
      `takes longer (estimated: ${duration(snapshot)}), tables have to be copied anew`,
    `${statement} ${IN_CONFIGURATION}`,
  );
}

function sizeBoundFindings(variables: ReadonlyMap<string, string>): Finding[] {
  return SIZE_BOUNDS.filter((name) => Number(variables.get(name) ?? 0) > 0).map((name) =>
    warning(
      `${name} is ${variables.get(name)} bytes: beyond that the oldest changes go, whether they ` +
        'were read or not',
      `SET GLOBAL ${name} = 0; or make it larger than what is written in three days.`,
    ),
  );
}

/** A source that is itself a replica has to log what it receives. */
async function receivedFindings(
  session: SourceSession,
  variables: ReadonlyMap<string, string>,
): Promise<Finding[]> {
  const name = RECEIVED.find((known) => variables.has(known) && known !== 'read_only');
  const isReplica = await receivesFromOthers(session);
  const looksLikeReplica = isReplica === null && variables.get('read_only') !== 'OFF';
  if (name === undefined || (isReplica !== true && !looksLikeReplica)) return [];
  const what = isReplica === true ? 'is' : 'looks like (read_only is ON)';
  if (variables.get(name) === 'ON') {
    return [ok(`the source ${what} a replica, and ${name} is ON`)];
  }
  const remedy = `Set ${name} = ON in the configuration of the server, and restart it.`;
  const finding = isReplica === true ? blocker : warning;
  return [
    finding(
      `the source ${what} a replica, and ${name} is OFF: what it receives is not in its binlog`,
      remedy,
    ),
  ];
}

/** Databases that the server itself leaves out of its binlog. */
async function filterFindings(session: SourceSession, database: string): Promise<Finding[]> {
  const status = await readBinlogStatusRow(session);
  const list = (name: 'Binlog_Do_DB' | 'Binlog_Ignore_DB'): string[] =>
    (status?.[name] ?? '').split(',').filter(Boolean);
  const logged = list('Binlog_Do_DB');
  const isLeftOut = logged.length > 0 && !logged.includes(database);
  if (!isLeftOut && !list('Binlog_Ignore_DB').includes(database)) return [];
  const option = isLeftOut ? 'binlog-do-db' : 'binlog-ignore-db';
  return [
    blocker(
      `${option} leaves the changes of '${database}' out of the binlog`,
      `Change ${option} in the configuration of the server, and restart it.`,
    ),
  ];
}

/** null: the account may not know. */
async function receivesFromOthers(session: SourceSession): Promise<boolean | null> {
  const statements = session.isMariaDb
    ? ['SHOW ALL SLAVES STATUS']
    : ['SHOW REPLICA STATUS', 'SHOW SLAVE STATUS'];
  const rows = await firstAllowed(session, statements);
  return rows === null ? null : rows.length > 0;
}

const UNITS: readonly [name: string, seconds: number][] = [
  ['day', DAY_SECONDS],
  ['hour', 3600],
  ['minute', 60],
];

function duration(seconds: number): string {
  const [name, size] = UNITS.find(([, unit]) => seconds >= unit) ?? ['second', 1];
  const count = Math.max(1, Math.round(seconds / size));
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}
