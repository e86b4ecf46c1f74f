import { setTimeout as delay } from 'node:timers/promises';
import mysql from 'mysql2/promise';

const RETRY_MS = 50;
/** Of a server that ends, and of mysql2 where there is none. */
const LOST = new Set(['PROTOCOL_CONNECTION_LOST', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE']);
const SERVER_SHUTDOWN = 1053;

/**
 * Runs `work` on a connection; where that is lost, on another one as soon as the server is there
 * again, until the work is done or nobody waits for it any more. What it had begun may have been
 * committed or not.
 */
export async function onLastingConnection(
  url: string,
  isOver: () => boolean,
  work: (connection: mysql.Connection) => Promise<void>,
): Promise<void> {
  for (;;) {
    try {
      await onConnection(url, work);
      return;
    } catch (error) {
      if (!isLost(error)) throw error;
      if (isOver()) return;
      await delay(RETRY_MS);
    }
  }
}

async function onConnection(
  url: string,
  work: (connection: mysql.Connection) => Promise<void>,
): Promise<void> {
  const connection = await mysql.createConnection({ uri: url, charset: 'utf8mb4' });
  // The next statement tells.
  connection.on('error', () => undefined);
  try {
    await work(connection);
  } finally {
    connection.destroy();
  }
}

/** The error, or what it was made of. */
function isLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const {
    code = '',
    errno,
    fatal,
  } = error as Error & {
    code?: string;
    errno?: number;
    fatal?: boolean;
  };
  return fatal === true || LOST.has(code) || errno === SERVER_SHUTDOWN || isLost(error.cause);
}
