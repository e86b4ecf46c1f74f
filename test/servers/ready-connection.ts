import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import mysql from 'mysql2/promise';

const POLL_MS = 50;

/**
 * Resolves with the server's version once it answers at `url`. `checkAlive` throws if waiting
 * longer makes no sense.
 */
export async function waitUntilReady(
  url: string,
  timeoutMs: number,
  checkAlive: () => void = () => undefined,
): Promise<string> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    checkAlive();
    try {
      return await serverVersion(url);
    } catch (error) {
      if (Date.now() > end) {
        throw new Error(`no answer within ${timeoutMs} ms: ${describeError(error)}`, {
          cause: error,
        });
      }
    }
    await delay(POLL_MS);
  }
}

/** Runs statements in the database `mysql`, outside the binary log. */
export async function runSystemSql(url: string, sql: string): Promise<void> {
  const connection = await mysql.createConnection({
    uri: `${url}/mysql`,
    multipleStatements: true,
    connectTimeout: 5_000,
  });
  try {
    await connection.query('SET SESSION sql_log_bin = 0');
    await connection.query(sql);
  } finally {
    await connection.end();
  }
}

/**
 * A port of 127.0.0.1 that nobody listens at. It is outside the range from which systems take the
 * ports of outgoing connections, so that it stays free while a server is down between two starts.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const free = await new Promise<boolean>((resolve) => {
      const probe = createServer();
      probe.once('error', () => resolve(false));
      probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
    });
    if (free) return port;
  }
  throw new Error('no free port found');
}

/** The message, or the code where mysql2 leaves the message empty. */
function describeError(error: unknown): string {
  const { message, code } = error as Partial<NodeJS.ErrnoException>;
  return message || code || String(error);
}

async function serverVersion(url: string): Promise<string> {
  const connection = await mysql.createConnection({ uri: url, connectTimeout: 5_000 });
  try {
    const [rows] = await connection.query<mysql.RowDataPacket[]>('SELECT VERSION() AS version');
    return String(rows[0]?.version);
  } finally {
    await connection.end();
  }
}
