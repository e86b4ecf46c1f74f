import { setTimeout as delay } from 'node:timers/promises';
import type { TestSource } from '../../helpers/test-source.js';

const POLL_MS = 20;
const TIMEOUT_MS = 30_000;

interface Process {
  readonly id: string;
  readonly database: string;
  readonly command: string;
  readonly state: string;
  readonly info: string;
}

/** INFORMATION_SCHEMA has no characters beyond three bytes: another test's statement may have some. */
async function processes(source: TestSource): Promise<Process[]> {
  const rows = await source.texts('SHOW FULL PROCESSLIST');
  return rows
    .map(([id, , , database, command, , state, info]) => ({
      id: id ?? '',
      database: database ?? '',
      command: command ?? '',
      state: state ?? '',
      info: info ?? '',
    }))
    .filter(({ database }) => database === source.database);
}

/**
 * The ids of connections in the source's database that are sending a table's rows, once there are
 * `count` of them: readers in the middle of a chunk.
 */
export async function sendingConnections(source: TestSource, count: number): Promise<string[]> {
  const found = async (): Promise<string[]> => {
    const all = await processes(source);
    const sending = all.filter(
      ({ command, info }) => command === 'Execute' && info.startsWith('SELECT '),
    );
    return sending.map(({ id }) => id);
  };
  return until(found, (ids) => ids.length === count, `${count} connections sending rows`);
}

/** Resolves when a statement in the source's database waits for another one's metadata lock. */
export async function metadataLockWait(source: TestSource): Promise<void> {
  const waiting = async (): Promise<Process[]> => {
    const all = await processes(source);
    return all.filter(({ state }) => state === 'Waiting for table metadata lock');
  };
  await until(waiting, (rows) => rows.length > 0, 'a statement waiting for a metadata lock');
}

/** Resolves when the source's database has no connections but the test's own. */
export async function noOtherConnections(source: TestSource): Promise<void> {
  const others = async (): Promise<Process[]> => {
    const [[own]] = await source.texts('SELECT CONNECTION_ID()');
    const all = await processes(source);
    return all.filter(({ id }) => id !== own);
  };
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
