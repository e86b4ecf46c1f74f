import type { Checkpoint } from '../model/checkpoint.js';
import type { TablePlan } from '../model/column-plan.js';
import type { CopyTurns } from '../model/copy-turns.js';
import type { ForeignKey } from '../model/foreign-key.js';
import type { GtidFlavour } from '../model/gtid-set.js';
import type { ReplicationObserver } from '../model/observers.js';
import type { BinlogStream } from '../source/binlog-stream.js';
import type { StreamedTable } from '../source/binlog-protocol.js';
import type { SourceWatch } from '../source/source-watch.js';
import type { Database } from '../target/database.js';
import type { ChangeApplier } from './change-applier.js';

/** What replication works with; whatever crosses to other parts of the program is a function here. */
export interface CdcContext {
  readonly database: Database;
  readonly targetSchema: string;
  /** The source's database. */
  readonly sourceDatabase: string;
  readonly flavour: GtidFlavour;
  /** MySQL: server_uuid; MariaDB: server and domain id. */
  readonly sourceIdentity: string;
  readonly applier: ChangeApplier;
  readonly reporter: CdcReporter;
  readonly observer?: ReplicationObserver | undefined;
  readonly signal: AbortSignal;
  /** The tables that are to be replicated, as the source has them now. */
  readonly selectTables: () => Promise<readonly TablePlan[]>;
  /**
   * The foreign keys among these tables, as they are now, by which the source changes rows without a
   * word in the binlog; null where it logs all of them.
   */
  readonly readForeignKeys: (plans: readonly TablePlan[]) => Promise<readonly ForeignKey[] | null>;
  /** Whether a table of this name is to be replicated. */
  readonly isWanted: (table: string) => boolean;
  readonly copyTables: CopyTables;
  /** Why writers can't be locked out of these tables for a moment; null: they can. */
  readonly findLockRestriction: (plans: readonly TablePlan[]) => Promise<LockRestriction | null>;
  /** Where the source's binlog ends now; null where that may not be known. */
  readonly readSourceEnd: () => Promise<Checkpoint | null>;
  readonly openStream: (
    from: Checkpoint,
    tables: readonly StreamedTable[],
  ) => Promise<BinlogStream>;
  /** For a stream from there. */
  readonly openWatch: (from: Checkpoint) => SourceWatch;
}

/**
 * Copies tables whole in one snapshot and cuts them over, each with its checkpoint. A table that
 * can't be copied does not keep the others from it. Resolves to the plans by which tables were
 * copied.
 */
export type CopyTables = (
  plans: readonly TablePlan[],
  turns?: CopyTurns,
) => Promise<readonly TablePlan[]>;

export interface LockRestriction {
  readonly message: string;
  readonly hint: string;
}

/** Told what happens, for the log. */
export interface CdcReporter {
  info(message: string): void;
  warning(message: string, hint?: string): void;
}

export type CdcState = 'starting' | 'copying' | 'streaming' | 'reconnecting' | 'stopped';

/** Where replication stands. */
export interface CdcProgress {
  readonly state: CdcState;
  /** Everything up to here is in the replica. */
  readonly checkpoint: Checkpoint | null;
  /** When the last applied transaction was committed at the source, in ms since 1970. */
  readonly sourceTimeMs: number | null;
  /** Whether the stream's end had been reached when it was last heard of. */
  readonly isCaughtUp: boolean;
  /** When it was last heard of. */
  readonly heardAtMs: number;
}
