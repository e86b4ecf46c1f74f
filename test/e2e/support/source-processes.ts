import { setTimeout as delay } from 'node:timers/promises';
import type { TestSource } from '../../helpers/test-source.js';

const POLL_MS = 20;
const TIMEOUT_MS = 30_000;

/**
 * The ids of connections in the source's database that are sending a table's rows, once there are
 * `count` of them: readers in the middle of a chunk.
 */
export async function sendingConnections(source: TestSource, count: number): Promise<string[]> {
  const found = async (): Promise<string[]> => {
    const rows = await source.texts(
      `SELECT id FROM information_schema.processlist
        WHERE db = '${source.database}' AND command = 'Execute' AND info LIKE 'SELECT %'`,
    );
    return rows.map(([id]) => id ?? '');
  };
  return until(found, (ids) => ids.length === count, `${count} connections sending rows`);
}

/** Resolves when a statement in the source's database waits for another one's metadata lock. */
export async function metadataLockWait(source: TestSource): Promise<void> {
  const waiting = (): Promise<unknown[]> =>
    source.texts(
      `SELECT id FROM information_schema.processlist
        WHERE db = '${source.database}' AND state = 'Waiting for table metadata lock'`,
    );
  await until(waiting, (rows) => rows.length > 0, 'a statement waiting for a metadata lock');
}

/** Resolves when the source's database has no connections but the test's own. */
export async function noOtherConnections(source: TestSource): Promise<void> {
  const others = (): Promise<unknown[]> =>
    source.texts(
      `SELECT id FROM information_schema.processlist
        WHERE db = '${source.database}' AND id <> CONNECTION_ID()`,
    );
  await until(others, (rows) => rows.length === 0, 'no other connections');
}

/** The server has no event for this, so it is asked again and again. */
async function until<T>(
  look: () => Promise<T>,
  isThere: (seen: T) => boolean,
  what: string,
): Promise<T> {
  const deadline = performance.now() + TIMEOUT_MS;
  for (;;) {
    const seen = await look();
    if (isThere(seen)) return seen;
    if (performance.now() > deadline) throw new Error(`there was not: ${what}`);
    await delay(POLL_MS);
  }
}
