import type { ReplicaRows } from '../compare/digests.js';
import type { TablePlan } from '../model/column-plan.js';
import type { SourceSession } from '../source/connect.js';
import type { Repairer } from './repairer.js';

/** What the verification of any table works with. */
export interface VerifyContext {
  /** At least one; the source's tables are read by all of them at once. */
  readonly sessions: readonly SourceSession[];
  readonly replica: ReplicaRows;
  readonly targetSchema: string;
  /** The qualified name of a table of the replica. */
  qualify(table: string): string;
  /** null: differences are reported and left. */
  readonly repairer: Repairer | null;
  /** null: nothing but this verification writes to the replica. */
  readonly stream: StreamedReplica | null;
  readonly signal: AbortSignal;
}

/** A replica that follows the source's changes while it is compared. */
export interface StreamedReplica {
  /** Resolves when all that the source has now is in the replica. */
  caughtUp(): Promise<void>;
  /**
   * Runs `work` while the replica's table is held at the position of the source that `work` is given.
   * Changes have to wait for it.
   */
  standStill<T>(plan: TablePlan, work: (source: StillSource) => Promise<T>): Promise<T>;
}

/** The source as it was at one position. */
export interface StillSource {
  /** In a transaction that sees it. */
  readonly session: SourceSession;
  /** Reads it, too. null: differences are reported and left. */
  readonly repairer: Repairer | null;
}
