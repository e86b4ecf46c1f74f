import { setTimeout as delay } from 'node:timers/promises';
import type { Replicator } from '../cdc/replicator.js';
import { orAbandon } from '../common/abandon.js';
import { includesCheckpoint } from '../model/checkpoint.js';
import type { MysqlEndpoint } from '../model/mysql-endpoint.js';
import { readEnd, type SourceEnd } from './binlog-end.js';

/** How often it is looked where the stream is. */
const POLL_MS = 50;

/**
 * Resolves when everything that the source has now is in the replica. What is being copied beside the
 * stream when it gets there is waited for; what is altered later, and copied for that, is not: that
 * might never come to an end. `replicator`: the attempt that is under way.
 */
export async function caughtUp(
  endpoint: MysqlEndpoint,
  replicator: () => Replicator | null,
  signal: AbortSignal,
): Promise<void> {
  const source = await readEnd(endpoint);
  const sinceMs = Date.now();
  for (;;) {
    const attempt = replicator();
    const copied = isThere(attempt, source, sinceMs) ? (attempt?.copied() ?? null) : null;
    if (copied !== null) {
      await orAbandon(copied, signal);
      // A session that ended has given its copies up: the next attempt makes them anew.
      if (replicator() === attempt && (attempt?.copied() ?? null) !== null) return;
    }
    await delay(POLL_MS, undefined, { signal });
  }
}

/**
 * What the source has executed and its binlog has not can't come. That the rest is all shows when
 * the stream, with nothing left to bring, has been heard of since.
 */
function isThere(
  attempt: Replicator | null,
  { end, streamEnd, flavour }: SourceEnd,
  sinceMs: number,
): boolean {
  if (attempt === null) return false;
  const { checkpoint, isCaughtUp, heardAtMs } = attempt.progress;
  if (checkpoint === null) return false;
  if (includesCheckpoint(checkpoint, end, flavour)) return true;
  return isCaughtUp && heardAtMs > sinceMs && includesCheckpoint(checkpoint, streamEnd, flavour);
}
