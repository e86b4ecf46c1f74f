import type { ReplicaRows } from '../compare/digests.js';
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
  readonly signal: AbortSignal;
}
