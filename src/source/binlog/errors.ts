import { DucktailError, type ErrorDetails, hasCode } from '../../common/errors.js';
import type { MysqlEndpoint } from '../../model/mysql-endpoint.js';
import { translateSourceError } from '../errors.js';

interface ServerError {
  readonly errno?: number;
  readonly message: string;
}

/** The source can no longer say what changed since the position: its binlog was purged or reset. */
const HISTORY_LOST: readonly RegExp[] = [
  /purged (required|needed) binary logs/i,
  /required binary logs have been purged|required binlog files have been purged/i,
  /Could not find first log file name/i,
  /Could not find GTID state requested/i,
  /(slave|replica) has more GTIDs than the (master|source)/i,
  /not in the (master|source|primary)'s binlog/i,
  /binlog on the (master|source|primary) is missing the GTID/i,
  /position > file size/i,
  /impossible position/i,
  /could not find next log/i,
  /Could not open log file/i,
  /bogus data in log event|binlog truncated in the middle/i,
  /Cannot replicate anonymous transaction/i,
];

/** The source is not, or not any more, the one whose changes the replica has. */
export function historyLost(message: string): DucktailError {
  return new DucktailError('history-lost', message, {
    hint: 'It was reset or restored, or is another server. The tables have to be copied again.',
  });
}

const MISSING_FILE = /Could not find first log file name/i;

/** The source has no binlog file of the name that was asked for. */
export function isMissingFile(error: unknown): boolean {
  return error instanceof DucktailError && MISSING_FILE.test(error.message);
}

/** Another client came with the same id, and the server ended this session. */
const SAME_SERVER_ID =
  /same server_uuid\/server_id|same server[_-]?id|(slave|replica) with the same/i;
const MARIADB_SAME_SERVER_ID = 4052;

const TOO_LARGE = /log event entry exceeded max_allowed_packet/i;

const GTID_MODE_OFF = /GTID_MODE\s*=\s*OFF|auto.?position.*GTID_MODE/i;

const DENIED = new Set([
  1044, // access denied to database
  1142, // command denied
  1227, // access denied; a privilege is needed
]);

/** Gives an error of the replication session its class. Never contains the password. */
export function translateReplicationError(error: unknown, endpoint: MysqlEndpoint): Error {
  if (error instanceof DucktailError) return error;
  const { errno, message } = error as ServerError;
  const where = `${endpoint.host}:${endpoint.port}`;
  const details: ErrorDetails = { cause: error };
  if (errno === MARIADB_SAME_SERVER_ID || SAME_SERVER_ID.test(message)) {
    return new DucktailError(
      'source-unsuitable',
      `another replica of MySQL at ${where} has the same server id, and took its place`,
      { ...details, hint: 'Give CDC_SERVER_ID a number that no other replica has.' },
    );
  }
  if (HISTORY_LOST.some((pattern) => pattern.test(message))) {
    return new DucktailError(
      'history-lost',
      `MySQL at ${where} has no binlog from the replica's position on: ${message}`,
      { ...details, hint: 'The tables have to be copied again; keep the binlog for longer.' },
    );
  }
  if (TOO_LARGE.test(message)) {
    return new DucktailError(
      'source-unsuitable',
      `MySQL at ${where} can't send a change that is larger than its max_allowed_packet`,
      {
        ...details,
        hint:
          'SET GLOBAL max_allowed_packet = 1073741824; where it is that already, the binlog is ' +
          'damaged: RESET BINARY LOGS AND GTIDS (MariaDB: RESET MASTER), and tables are copied again.',
      },
    );
  }
  if (GTID_MODE_OFF.test(message)) {
    return new DucktailError('source-unsuitable', `MySQL at ${where}: ${message}`, {
      ...details,
      hint: 'SET GLOBAL gtid_mode = ON (by way of OFF_PERMISSIVE and ON_PERMISSIVE).',
    });
  }
  if (errno !== undefined && DENIED.has(errno)) {
    return new DucktailError(
      'source-unsuitable',
      `user '${endpoint.user}' may not read the binlog of MySQL at ${where}`,
      { ...details, hint: `GRANT REPLICATION SLAVE ON *.* TO the user '${endpoint.user}'.` },
    );
  }
  const translated = translateSourceError(error, endpoint);
  // No error of this session is about one table.
  return hasCode(translated, 'table-failed')
    ? new DucktailError('source-unavailable', `MySQL at ${where}: ${message}`, details)
    : translated;
}
