import mysql, { type Connection, type RowDataPacket } from 'mysql2/promise';
import type { MysqlEndpoint, TlsEndpoint } from '../model/mysql-endpoint.js';
import { translateSourceError } from './errors.js';
import type { ProtocolConnection } from './rows/row-stream-command.js';

const CONNECT_TIMEOUT_MS = 10_000;
/** How long the server waits for a reader that is paused by backpressure, in seconds. */
export const NET_TIMEOUT_SECONDS = 3600;
const WAIT_TIMEOUT_SECONDS = 28_800;
/**
 * How long to wait for a table that others have locked, or wait to alter. By default that is a year:
 * an ALTER waits for the snapshot of one reader, and another reader behind it would wait for both.
 */
const LOCK_WAIT_SECONDS = 10;

/** A session on the source, set up so that what it reads does not depend on the server's settings. */
export interface SourceSession extends AsyncDisposable {
  readonly isMariaDb: boolean;
  readonly connectionId: number;
  /** For commands of our own on mysql2's packet layer. */
  readonly protocol: ProtocolConnection;
  /** Runs a statement without parameters; rows as objects, big numbers as strings. */
  query<Row extends object>(sql: string): Promise<Row[]>;
  close(): Promise<void>;
  /** Ends the connection at once, for a session whose server may not answer. */
  destroy(): void;
}

export async function openSession(endpoint: MysqlEndpoint): Promise<SourceSession> {
  const connection = await connect(endpoint);
  const session = wrap(connection, endpoint);
  try {
    await configure(session);
    return session;
  } catch (error) {
    session.destroy();
    throw error;
  }
}

async function connect(endpoint: MysqlEndpoint): Promise<Connection> {
  try {
    return await mysql.createConnection({
      ...connectionOptions(endpoint),
      supportBigNumbers: true,
      bigNumberStrings: true,
      dateStrings: true,
      jsonStrings: true,
    });
  } catch (error) {
    throw translateSourceError(error, endpoint);
  }
}

/** What every connection to the source is made with. */
export function connectionOptions(endpoint: MysqlEndpoint): mysql.ConnectionOptions {
  return {
    host: endpoint.host,
    port: endpoint.port,
    user: endpoint.user,
    password: endpoint.password,
    database: endpoint.database,
    charset: 'utf8mb4',
    connectTimeout: CONNECT_TIMEOUT_MS,
    ...(endpoint.tls === null ? {} : { ssl: tlsOptions(endpoint.tls) }),
  };
}

function tlsOptions(tls: TlsEndpoint): mysql.SslOptions {
  return {
    ...(tls.caPem === null ? {} : { ca: tls.caPem }),
    rejectUnauthorized: tls.mode !== 'REQUIRED',
    verifyIdentity: tls.mode === 'VERIFY_IDENTITY',
  };
}

function wrap(connection: Connection, endpoint: MysqlEndpoint): SourceSession {
  const protocol = (connection as unknown as { connection: ProtocolConnection }).connection;
  const { _handshakePacket: handshake } = protocol as unknown as {
    _handshakePacket: { serverVersion: string };
  };
  // A command in flight is told of a broken connection itself; without one, the next one is.
  connection.on('error', () => undefined);
  const session: SourceSession = {
    isMariaDb: handshake.serverVersion.includes('MariaDB'),
    connectionId: connection.threadId,
    protocol,
    async query<Row extends object>(sql: string): Promise<Row[]> {
      try {
        const [rows] = await connection.query<RowDataPacket[]>(sql);
        return rows as unknown as Row[];
      } catch (error) {
        throw translateSourceError(error, endpoint);
      }
    },
    async close() {
      await connection.end().catch(() => connection.destroy());
    },
    destroy() {
      connection.destroy();
    },
    [Symbol.asyncDispose]: () => session.close(),
  };
  return session;
}

async function configure(session: SourceSession): Promise<void> {
  const noLimit = session.isMariaDb ? 'max_statement_time = 0' : 'max_execution_time = 0';
  await session.query(
    `SET SESSION time_zone = '+00:00', sql_mode = '', ${noLimit}, ` +
      `net_write_timeout = ${NET_TIMEOUT_SECONDS}, net_read_timeout = ${NET_TIMEOUT_SECONDS}, ` +
      `wait_timeout = ${WAIT_TIMEOUT_SECONDS}, lock_wait_timeout = ${LOCK_WAIT_SECONDS}`,
  );
  await session.query('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
}
