import { DucktailError, type ErrorDetails, errorMessage, toError } from '../common/errors.js';
import type { MysqlEndpoint } from '../model/mysql-endpoint.js';

interface DriverError {
  readonly errno?: number;
  readonly code?: string;
  readonly message: string;
  readonly fatal?: boolean;
}

const NETWORK_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'PROTOCOL_CONNECTION_LOST',
]);

/** Server errors after which a new connection is worth trying. */
const UNAVAILABLE_NUMBERS = new Set([
  1040, // too many connections
  1053, // server shutdown in progress
  1077, // normal shutdown
  1152,
  1158,
  1159,
  1160,
  1161, // aborted connection, network errors
  1205, // lock wait timeout
  1317, // query interrupted
  1927, // connection was killed (MariaDB)
  2013, // lost connection
  3169, // session was killed
  4031, // disconnected for inactivity
]);

/** The definition changed or the table went away since the snapshot or the plan was made. */
const TABLE_CHANGED_NUMBERS = new Set([
  1054, // unknown column
  1146, // no such table
  1412, // table definition has changed
  1615, // prepared statement needs to be re-prepared
]);

/** mysql2's words, without a code, for a command on a connection that is gone. */
const IN_CLOSED_STATE = /closed state|Connection lost/;

/** Gives a mysql2 error its class, and words for the operator. Never contains the password. */
export function translateSourceError(error: unknown, endpoint: MysqlEndpoint): Error {
  if (error instanceof DucktailError) return error;
  const driver = error as DriverError;
  const details: ErrorDetails = { cause: error };
  const where = `${endpoint.host}:${endpoint.port}`;
  const login = loginError(driver, endpoint, details);
  if (login !== null) return login;
  if (driver.code === 'ENOTFOUND') {
    return new DucktailError('source-unsuitable', `host ${endpoint.host} is unknown`, {
      ...details,
      hint: 'Check the host in MYSQL_URL.',
    });
  }
  if (isTlsError(driver)) return tlsError(driver, where, details);
  if (isUnavailable(driver)) {
    return new DucktailError('source-unavailable', `MySQL at ${where}: ${describe(driver)}`, {
      ...details,
      hint: 'Check that the server runs and that host and port in MYSQL_URL are right.',
    });
  }
  if (driver.errno !== undefined && TABLE_CHANGED_NUMBERS.has(driver.errno)) {
    return new DucktailError('table-changed', driver.message, details);
  }
  if (driver.errno === undefined) return toError(error);
  return new DucktailError(
    'table-failed',
    `MySQL error ${driver.errno}: ${driver.message}`,
    details,
  );
}

function loginError(
  driver: DriverError,
  endpoint: MysqlEndpoint,
  details: ErrorDetails,
): DucktailError | null {
  const { user, host, port, database } = endpoint;
  switch (driver.errno) {
    case 1045: // access denied for user
    case 1698: // access denied (MariaDB, by plugin)
      return new DucktailError(
        'source-unsuitable',
        `MySQL at ${host}:${port} refuses the user '${user}' or its password`,
        { ...details, hint: 'Check user and password in MYSQL_URL (percent-encode @ : / # ? %).' },
      );
    case 1044: // access denied to database
      return new DucktailError(
        'source-unsuitable',
        `user '${user}' may not use the database '${database}'`,
        { ...details, hint: `GRANT SELECT ON \`${database}\`.* TO the user.` },
      );
    case 1049: // unknown database
      return new DucktailError(
        'source-unsuitable',
        `there is no database '${database}' at ${host}:${port}, or '${user}' may not see it`,
        {
          ...details,
          hint: 'Check the path of MYSQL_URL: mysql://user:password@host:port/database.',
        },
      );
    case 1142: // command denied on table
    case 1143: // column denied
      return new DucktailError('table-failed', driver.message, {
        ...details,
        hint: `GRANT SELECT ON \`${database}\`.* TO the user '${user}'.`,
      });
    default:
      return null;
  }
}

function isTlsError(driver: DriverError): boolean {
  const code = driver.code ?? '';
  return (
    driver.errno === 3159 || // require_secure_transport
    code === 'HANDSHAKE_SSL_ERROR' ||
    code === 'HANDSHAKE_NO_SSL_SUPPORT' ||
    code.startsWith('ERR_TLS_') ||
    code.startsWith('ERR_SSL_') ||
    /CERT|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code)
  );
}

function tlsError(driver: DriverError, where: string, details: ErrorDetails): DucktailError {
  return new DucktailError('source-unsuitable', `TLS with MySQL at ${where}: ${describe(driver)}`, {
    ...details,
    hint: 'See ?ssl-mode=REQUIRED|VERIFY_CA|VERIFY_IDENTITY&ssl-ca=FILE in MYSQL_URL.',
  });
}

function isUnavailable(driver: DriverError): boolean {
  if (driver.code !== undefined && NETWORK_CODES.has(driver.code)) return true;
  if (driver.errno !== undefined && UNAVAILABLE_NUMBERS.has(driver.errno)) return true;
  return driver.errno === undefined && IN_CLOSED_STATE.test(driver.message);
}

function describe(driver: DriverError): string {
  switch (driver.code) {
    case 'ECONNREFUSED':
      return 'nothing listens there (connection refused)';
    case 'ETIMEDOUT':
      return 'no answer (timed out)';
    case 'ECONNRESET':
    case 'EPIPE':
    case 'PROTOCOL_CONNECTION_LOST':
      return 'the connection was lost';
    default:
      return IN_CLOSED_STATE.test(driver.message)
        ? 'the connection was lost'
        : errorMessage(driver);
  }
}
