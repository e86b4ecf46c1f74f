import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from './database.js';

const ATTEMPTS = 5;
const DELAY_MS = 200;

/**
 * Moves what was committed from the write-ahead log into the file. A CHECKPOINT fails while another
 * transaction is open; it is tried a few times and then left to the next one, never forced: FORCE
 * CHECKPOINT hangs behind a reader and blocks new ones. Returns false where it was left.
 */
export async function checkpoint(database: Database): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    try {
      await database.withCheckpointMemory(() => database.run('CHECKPOINT'));
      return true;
    } catch (error) {
      if (!/transaction|Cannot CHECKPOINT/i.test((error as Error).message)) throw error;
      if (attempt === ATTEMPTS) return false;
      await delay(DELAY_MS * attempt);
    }
  }
}
