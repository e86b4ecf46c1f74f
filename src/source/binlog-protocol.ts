import type { MessagePort } from 'node:worker_threads';
import type { ColumnBatch } from '../batch/column-batch.js';
import type { SerializedError } from '../common/errors.js';
import type { Checkpoint } from '../model/checkpoint.js';
import type { TablePlan } from '../model/column-plan.js';
import type { MysqlEndpoint } from '../model/mysql-endpoint.js';

/** The one task of the binlog thread: it holds the replication session until it is closed. */
export interface BinlogTask {
  readonly endpoint: MysqlEndpoint;
  readonly port: MessagePort;
  /** This replica's id among those of the source; unique, from 1 to 2^32 - 1. */
  readonly serverId: number;
  /** Where to go on: everything up to here is in the replica. */
  readonly from: Checkpoint;
  readonly tables: readonly StreamedTable[];
  readonly limits: ChangeLimits;
}

/** When gathered source transactions are handed over. */
export interface ChangeLimits {
  /** The longest that a change waits while the applier is idle, in milliseconds. */
  readonly batchMs: number;
  readonly batchRows: number;
  readonly batchBytes: number;
}

/** A table whose changes are wanted. */
export interface StreamedTable {
  /** The sender's number for it; a new one whenever the plan changes. */
  readonly id: number;
  readonly plan: TablePlan;
  /** Transactions up to here are in the table already and are skipped; null: none is. */
  readonly after: Checkpoint | null;
}

/** What the applying thread says. */
export type BinlogRequest =
  /** One `commit` or `portion` is applied: another may come. */
  | { readonly kind: 'applied' }
  /** The answer to `schema-event` and `mismatch`, which hold the stream: go on with these tables. */
  | { readonly kind: 'resume'; readonly tables: readonly StreamedTable[] }
  /** A table joins, leaves or starts over, at the next transaction's beginning. */
  | { readonly kind: 'tables'; readonly tables: readonly StreamedTable[] }
  | { readonly kind: 'recycle'; readonly fixed: ArrayBuffer; readonly heap: ArrayBuffer }
  | { readonly kind: 'close' };

/** What the binlog thread says, in the binlog's order. */
export type BinlogMessage =
  | { readonly kind: 'connected' }
  /** Changes of one table (`planChanges`), to be staged. */
  | { readonly kind: 'rows'; readonly table: number; readonly batch: ColumnBatch }
  /** A transaction is larger than a batch: apply what is staged, and don't commit. */
  | { readonly kind: 'portion' }
  /** Apply what is staged and commit it with this position, a transaction boundary. */
  | {
      readonly kind: 'commit';
      readonly checkpoint: Checkpoint;
      /** When the last transaction was committed at the source, in ms since 1970; null: not known. */
      readonly sourceTimeMs: number | null;
      readonly transactions: number;
      readonly rows: number;
    }
  /** A statement that changes tables, after everything before it was committed. Holds the stream. */
  | {
      readonly kind: 'schema-event';
      readonly statement: string;
      /** The session's default database. */
      readonly database: string;
      /** The position behind the statement. */
      readonly checkpoint: Checkpoint;
    }
  /**
   * The stream's description of a table differs from its plan, told before the first such row. Its
   * rows are left out until its plan is replaced. Holds the stream.
   */
  | { readonly kind: 'mismatch'; readonly table: number; readonly reason: string }
  /** Nothing new, and everything before this position was sent. */
  | { readonly kind: 'keepalive'; readonly checkpoint: Checkpoint }
  /** The session is at its end; nothing follows. */
  | { readonly kind: 'failed'; readonly error: SerializedError };
