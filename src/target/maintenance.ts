import { setTimeout as delay } from 'node:timers/promises';
import { DucktailError } from '../common/errors.js';
import type { Database } from './database.js';

const ATTEMPTS = 5;
const DELAY_MS = 200;

/**
 * Moves what was committed from the write-ahead log into the file. A CHECKPOINT fails while another
 * transaction is open; it is tried a few times and then left to the next one, never forced: FORCE
 * CHECKPOINT hangs behind a reader and blocks new ones. Nor does one run while the file is copied,
 * under whose hands it would change. Returns false where it was left.
 */
export async function checkpoint(database: Database, attempts = ATTEMPTS): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await database.withWriter(async () => {
        if (database.copying.isTaken) return false;
        await database.withCheckpointMemory(() => database.run('CHECKPOINT'));
        return true;
      });
    } catch (error) {
      if (error instanceof DucktailError && error.code === 'target-full') throw committed(error);
      if (!isHeldUp(error)) throw error;
      if (attempt === attempts) return false;
      await delay(DELAY_MS * attempt);
    }
  }
}

/** Whether a CHECKPOINT failed because of what others have open. */
export function isHeldUp(error: unknown): boolean {
  return /transaction|Cannot CHECKPOINT/i.test((error as Error).message);
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
