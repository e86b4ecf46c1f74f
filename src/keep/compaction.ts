import { compactFile } from '../target/compacted-file.js';
import type { Database } from '../target/database.js';
import { type FileUsage, readFileUsage } from '../target/file-usage.js';
import { rowsBesideWriter } from '../target/live-query.js';
import type { KeepHooks } from './hooks.js';

export interface CompactionResult {
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  readonly seconds: number;
}

export interface CompactionRequest {
  readonly patienceMs: number;
  readonly signal: AbortSignal;
  readonly hooks?: KeepHooks | undefined;
}

/** Less than that is not worth a rewrite, whatever its share. */
const LEAST_DEAD_BYTES = 16 * 1024 * 1024;

/** Rewrites the replica's file without holes. Nobody else writes meanwhile: whoever calls sees to it. */
export async function compactReplica(
  database: Database,
  { patienceMs, signal, hooks }: CompactionRequest,
): Promise<CompactionResult> {
  const startedAt = performance.now();
  const { beforeSwap, afterSwap } = hooks ?? {};
  const compacted = await compactFile(database, { patienceMs, signal, beforeSwap, afterSwap });
  return { ...compacted, seconds: (performance.now() - startedAt) / 1000 };
}

/** Whether the dead share has passed the limit. */
export async function needsCompaction(database: Database, atPercent: number): Promise<boolean> {
  const usage = await readFileUsage((sql) => rowsBesideWriter(database, sql));
  return isWorthIt(usage, atPercent);
}

export function isWorthIt({ totalBytes, deadBytes }: FileUsage, atPercent: number): boolean {
  return deadBytes >= LEAST_DEAD_BYTES && deadBytes * 100 >= totalBytes * atPercent;
}
