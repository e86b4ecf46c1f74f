import type { Logger } from '../common/logger.js';
import type { Checkpoint } from '../model/checkpoint.js';
import type { TablePlan } from '../model/column-plan.js';
import type { CopyTurns } from '../model/copy-turns.js';
import type { ReplicationObserver } from '../model/observers.js';
import type { SyncReporter } from '../model/sync-reporter.js';
import type { SyncResult } from '../model/sync-result.js';
import type { Database } from '../target/database.js';
import type { VerifyResult } from '../verify/verify-result.js';
import type { ComparedStream } from './compared-stream.js';
import type { CopiedTable } from './sync.js';
import type { RequestedMode } from './sync-modes.js';
import type { VerifyReporter } from './verify.js';

/** What a running service does beside answering: keeps the replica up to date. */
export interface Replication {
  readonly state: ReplicationState;
  /** Copies tables, or has changes to catch up on: clients' queries are to leave it the machine. */
  readonly isBehind: boolean;
  /**
   * Works until the signal aborts and then resolves soon, with what was committed standing. What a
   * later attempt can mend it logs and tries again; it rejects with what ends the service.
   */
  run(signal: AbortSignal): Promise<void>;
  /** Where the stream of changes is; null where there is none. */
  status(): CdcStatus | null;
  /** Carries a client's order out between its own work, or beside it; also before `run`. */
  sync(order: SyncOrder): Promise<SyncResult>;
  verify(order: VerifyOrder): Promise<VerifyResult>;
  /**
   * Runs `task` while it has nothing in the database that would outlive it, and uses it for nothing:
   * between two runs, or with its stream left for a moment.
   */
  standAside<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T>;
}

/**
 * starting: nothing was read yet. syncing: tables are being copied or followed. waiting: for the next
 * time of the schedule. streaming: changes are applied as they come. source-unavailable: until it
 * answers again.
 */
export type ReplicationState =
  'starting' | 'syncing' | 'waiting' | 'streaming' | 'source-unavailable';

/** The part of `status --json` about the stream of changes. */
export interface CdcStatus {
  readonly state: string;
  readonly checkpoint: Checkpoint | null;
  /** When the source committed what was applied last; ISO 8601, UTC. */
  readonly sourceTime: string | null;
  readonly lagSeconds: number | null;
  /** Queries that the service has ended since its start, because too much changed during them. */
  readonly endedQueries: number;
}

/** cdc: up to the end that the source's binlog has now. */
export type OrderedMode = RequestedMode | 'cdc';

export interface SyncOrder {
  /** Source names; empty: all tables that the configuration selects. */
  readonly tables: readonly string[];
  readonly mode: OrderedMode;
  /** null: as the configuration says. */
  readonly deletes: boolean | null;
  readonly reporter: SyncReporter;
  readonly signal: AbortSignal;
}

export interface VerifyOrder {
  readonly tables: readonly string[];
  readonly repair: boolean;
  readonly reporter: VerifyReporter;
  readonly signal: AbortSignal;
}

/** Orders as the configuration has them done. Each takes the replica's writer: one at a time. */
export interface ReplicaJobs {
  sync(order: SyncOrder): Promise<SyncResult>;
  /** `stream`: of changes that come meanwhile. */
  verify(order: VerifyOrder, stream?: ComparedStream): Promise<VerifyResult>;
  /** What the configuration selects, as the source has it now. */
  selectTables(): Promise<readonly TablePlan[]>;
  /** Copies tables whole; resolves to how each fared, and the plan by which it was copied. */
  copy(
    plans: readonly TablePlan[],
    means: { readonly signal: AbortSignal; readonly turns?: CopyTurns | undefined },
  ): Promise<readonly CopiedTable[]>;
}

/** What a replication works with. The database's writer is its own; others only read beside it. */
export interface ReplicationMeans {
  readonly database: Database;
  readonly jobs: ReplicaJobs;
  readonly logger: Logger;
  readonly observer?: ReplicationObserver | undefined;
  /** Writes what a sync tells to the log; one for each sync. */
  readonly createReporter: () => SyncReporter;
}

export type ReplicationFactory = (means: ReplicationMeans) => Replication;
