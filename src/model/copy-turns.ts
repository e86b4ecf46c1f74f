import type { Checkpoint } from './checkpoint.js';
import type { TablePlan } from './column-plan.js';

/** What is left open by a snapshot that was opened while others wrote. */
export interface UnlockedSnapshot {
  /**
   * The snapshot may have some of the transactions between its checkpoint and here, but none behind:
   * a copy is consistent once all of them were applied to it (again). null: the checkpoint is exact.
   */
  readonly settledAt: Checkpoint | null;
  /**
   * XA transactions that were prepared before the snapshot: what they changed is in the binlog before
   * the checkpoint, and not in the snapshot. null: that may not be known.
   */
  readonly preparedXids: readonly string[] | null;
}

/** What of a snapshot concerns a stream of changes. */
export interface OpenedSnapshot {
  /** What to go on from; null where there is nothing. */
  readonly checkpoint: Checkpoint | null;
  /** null: writers were locked out. */
  readonly unlocked: UnlockedSnapshot | null;
  /** Why they were not. */
  readonly restriction: { readonly message: string; readonly hint: string } | null;
}

/** How a copy that runs beside the stream meets it. */
export interface CopyTurns {
  /**
   * Runs `open`, which opens the snapshot, while the stream is held: the snapshot has to have what is
   * before `reached`. A copy that starts over calls it again.
   */
  readonly snapshot: <Opened extends OpenedSnapshot>(
    plans: readonly TablePlan[],
    open: (reached: Checkpoint | null) => Promise<Opened>,
  ) => Promise<Opened>;
  /**
   * Runs `cut`, the transaction of the cutover, while the stream is held, where the copies are
   * consistent with what is collected of their changes.
   */
  readonly cutover: (cut: () => Promise<void>) => Promise<void>;
  /** In that transaction, when the copies stand in their tables' places. */
  readonly afterSwap: (plans: readonly TablePlan[]) => Promise<void>;
  /** Ends the copy. */
  readonly signal: AbortSignal;
}
