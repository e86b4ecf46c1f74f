/** What the test's own entry point (`ducktail-with-hooks.ts`) does at a named point of a sync. */
export interface HookPlan {
  /** flush: before rows go into a staging table the fast way. */
  readonly point: 'flush' | 'before-commit' | 'after-commit';
  /**
   * kill: SIGKILLs itself. hold: tells its parent and waits for its word, or for the signal that
   * stops the sync. fail: throws an error.
   */
  readonly action: 'kill' | 'hold' | 'fail';
  /** For flush: only of this table. */
  readonly table?: string;
  /**
   * For flush: lets this many happen before. As many flushes as DuckDB has threads can be under way
   * at once; of those before, all others have written their rows.
   */
  readonly afterFlushes?: number;
}

/** The messages between the entry point and its parent. */
export const REACHED = 'reached';
export const RESUME = 'resume';

/** What `fail` throws. */
export const REFUSAL = 'refused by the test';
