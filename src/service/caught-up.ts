import { setTimeout as delay } from 'node:timers/promises';
import type { Replicator } from '../cdc/replicator.js';
import { includesCheckpoint } from '../model/checkpoint.js';
import type { MysqlEndpoint } from '../model/mysql-endpoint.js';
import { readEnd, type SourceEnd } from './binlog-end.js';

/** How often it is looked where the stream is. */
const POLL_MS = 50;

/**
 * Resolves when everything that the source has now is in the replica, and no table is being copied
 * beside the stream. `replicator`: the attempt that is under way.
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
    const isCopied = attempt?.progress.state === 'streaming' && !attempt.isCopying;
    if (isCopied && isThere(attempt, source, sinceMs)) return;
    await delay(POLL_MS, undefined, { signal });
  }
}

/**
 * What the source has executed and its binlog has not can't come. That the rest is all shows when
 * the stream, with nothing left to bring, has been heard of since.
 */
function isThere(
  { progress: { checkpoint, isCaughtUp, heardAtMs } }: Replicator,
  { end, streamEnd, flavour }: SourceEnd,
  sinceMs: number,
): boolean {
  if (checkpoint === null) return false;
  if (includesCheckpoint(checkpoint, end, flavour)) return true;
  return isCaughtUp && heardAtMs > sinceMs && includesCheckpoint(checkpoint, streamEnd, flavour);
}
