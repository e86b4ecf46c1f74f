import { setTimeout as delay } from 'node:timers/promises';
import { DucktailError, errorMessage, hasCode } from '../common/errors.js';
import type { Database } from './database.js';

const ATTEMPTS = 5;
const DELAY_MS = 200;
/** How long clients' new transactions wait for the end of those that are open. */
const CLIENTS_MS = 1000;
export const CLIENTS_WRITE = 'a transaction of a client of the HTTP server is open';

/**
 * Moves what was committed from the write-ahead log into the file. A CHECKPOINT fails while another
 * transaction is open; it is tried a few times and then left to the next one, never forced: FORCE
 * CHECKPOINT hangs behind a reader and blocks new ones. Nor does one run while the file is copied,
 * under whose hands it would change. Returns false where it was left.
 */
export async function checkpoint(database: Database, attempts = ATTEMPTS): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    try {
      // Beside those of clients who write without a pause there would never be a moment for it.
      using _gate = await database.clientTransactions.close(CLIENTS_MS, CLIENTS_WRITE);
      return await database.withWriter(async () => {
        if (database.copying.isTaken) return false;
        await database.critical.checkpoint(() => database.run('CHECKPOINT'));
        return true;
      });
    } catch (error) {
      if (hasCode(error, 'target-full')) throw committed(error);
      if (!isHeldUp(error)) throw error;
      if (attempt === attempts) return false;
      await delay(DELAY_MS * attempt);
    }
  }
}

/**
 * Resolves when `work`, which includes a CHECKPOINT, could run; throws a `target-busy` where others
 * hold it up for longer than that.
 */
export async function untilNotHeldUp<T>(
  work: () => Promise<T>,
  patienceMs: number,
  signal: AbortSignal,
): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      if (!isHeldUp(error)) throw error;
      if (performance.now() > deadline) throw heldUp(error);
      await delay(DELAY_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** Whether a CHECKPOINT failed because of what others have open. */
function isHeldUp(error: unknown): boolean {
  return /transaction|Cannot CHECKPOINT/i.test((error as Error).message);
}

function heldUp(error: unknown): Error {
  if (error instanceof DucktailError) return error;
  return new DucktailError(
    'target-busy',
    `the replica can't be checkpointed beside a query or a copy that began before: ${errorMessage(error)}`,
    { cause: error, hint: 'It can be done when that has ended; the next attempt may do it.' },
  );
}

/** What was committed stays, in the log: the hint of a full disk says otherwise. */
function committed(error: DucktailError): DucktailError {
  return new DucktailError('target-full', error.message, {
    cause: error.cause,
    hint:
      'What was synced is in place, in the log beside the file: free some space, and the next ' +
      'start moves it into the file.',
  });
}
