import type { WalLimits } from '../../../src/target/wal-keeper.js';

/** What the test's own entry point (`ducktail-with-hooks.ts`) does at a named point of a sync. */
export interface HookPlan {
  /**
   * flush, before-commit and after-commit are a full sync's, the others an incremental one's or the
   * stream's. flush: before rows go into a staging table the fast way. nowhere: for what else is
   * in the plan.
   */
  readonly point: CopyPoint | IncrementalPoint | ApplyPoint | KeepPoint | 'nowhere';
  /**
   * kill: SIGKILLs itself. hold: tells its parent and waits for its word, or for the signal that
   * stops the sync. fail: throws an error.
   */
  readonly action: 'kill' | 'hold' | 'fail';
  /** For flush and an incremental sync's points: only of this table. */
  readonly table?: string;
  /**
   * For flush: lets this many happen before. As many flushes as DuckDB has threads can be under way
   * at once; of those before, all others have written their rows.
   */
  readonly afterFlushes?: number;
  /** For an incremental sync's points and the stream's: lets it pass the point this often before. */
  readonly afterPasses?: number;
  /** Of the service's stream, in place of its own. */
  readonly walLimits?: WalLimits;
  /** What is said to be left of the machine's memory, in place of what is. */
  readonly availableBytes?: number;
}

/** Of a full sync, also beside the stream. */
export type CopyPoint = 'flush' | 'before-commit' | 'after-commit';

/**
 * incremental-apply: a batch is staged. incremental-before-commit, incremental-after-commit: of the
 * batch and its watermark. deletes: before keys are compared. deletes-before-commit: of the removal.
 */
export type IncrementalPoint =
  | 'incremental-apply'
  | 'incremental-before-commit'
  | 'incremental-after-commit'
  | 'deletes'
  | 'deletes-before-commit';

/** Of a batch of the stream: it is staged; its commit. */
export type ApplyPoint = 'stream-apply' | 'stream-before-commit' | 'stream-after-commit';

/**
 * keep-copied: a backup's copy is there. keep-manifest: all of a backup but its manifest. keep-publish:
 * before a snapshot takes its name. keep-swap, keep-swapped: before and after a compacted file does.
 * keep-restored: before a restored file does.
 */
export type KeepPoint =
  'keep-copied' | 'keep-manifest' | 'keep-publish' | 'keep-swap' | 'keep-swapped' | 'keep-restored';

/** The messages between the entry point and its parent. */
export const REACHED = 'reached';
export const RESUME = 'resume';

/** What `fail` throws. */
export const REFUSAL = 'refused by the test';
