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
  /**
   * Columns on which rows of other tables depend in ways of which the binlog says nothing (CASCADE,
   * SET NULL): changes of them are told by `cascades`. May change while the number stays.
   */
  readonly referenced: readonly string[];
  /** It has a part in such a foreign key: its rows must not pass those of the others. */
  readonly isRelated: boolean;
}

/** Rows of a table on which others depend, deleted or changed with the source's checks on. */
export interface ParentRows {
  readonly table: number;
  /** They are those of its changes that have this number or a later one. */
  readonly fromSeq: number;
  /** Tables that have these transactions already, and what they did to other tables. */
  readonly ahead: readonly number[];
}

/** What the applying thread says. */
export type BinlogRequest =
  /** One `commit`, `portion` or `cascades` is applied: another may come. */
  | { readonly kind: 'applied' }
  /**
   * Stop at the next transaction's beginning, or at the first that has everything up to `at` before
   * it, after a `commit` of everything before it: `held`. One at a time.
   */
  | { readonly kind: 'hold'; readonly at: Checkpoint | null }
  /** The answer to `schema-event`, `mismatch` and `held`: go on with these tables. */
  | { readonly kind: 'resume'; readonly tables: readonly StreamedTable[] }
  /** The answer to `xa-commit`: all that `park` told of the transaction, in order; [] if unknown. */
  | { readonly kind: 'replay'; readonly events: readonly Uint8Array[] }
  | { readonly kind: 'recycle'; readonly fixed: ArrayBuffer; readonly heap: ArrayBuffer }
  | { readonly kind: 'close' };

/** What the binlog thread says, in the binlog's order. */
export type BinlogMessage =
  | { readonly kind: 'connected' }
  /** Changes of one table (`planChanges`), to be staged. */
  | { readonly kind: 'rows'; readonly table: number; readonly batch: ColumnBatch }
  /** A transaction is larger than a batch: apply what is staged, and don't commit. */
  | { readonly kind: 'portion' }
  /**
   * Apply what is staged, then do what foreign keys did at the source when these rows changed, and
   * don't commit. Nothing that is staged came behind them that has to do with it.
   */
  | ({ readonly kind: 'cascades' } & ParentRows)
  /**
   * Everything since the last `commit` is void, applied or not: the source rolled part of it back,
   * or its binlog ends within. What holds of it comes again.
   */
  | { readonly kind: 'rollback' }
  /** Apply what is staged and commit it with this position, a transaction boundary. */
  | {
      readonly kind: 'commit';
      readonly checkpoint: Checkpoint;
      /** When the last transaction was committed at the source, in ms since 1970; null: not known. */
      readonly sourceTimeMs: number | null;
      readonly transactions: number;
      readonly rows: number;
    }
  /**
   * A statement that changes tables: apply what is staged, and commit it together with what the
   * statement does. Holds the stream.
   */
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
   * rows are left out until its plan is replaced. Holds the stream, within a transaction.
   */
  | { readonly kind: 'mismatch'; readonly table: number; readonly reason: string }
  /** The answer to `hold`. Holds the stream. */
  | { readonly kind: 'held' }
  /**
   * More of a prepared XA transaction: to be kept with the next `commit`, behind what was told of the
   * same xid before.
   */
  | { readonly kind: 'park'; readonly xid: string; readonly events: readonly Uint8Array[] }
  /**
   * What was parked is committed. Holds the stream until `replay` gives it back, whose rows then come
   * with the next `commit`, which is also to end the keeping.
   */
  | { readonly kind: 'xa-commit'; readonly xid: string }
  /** What was parked was rolled back: not to be kept beyond the next `commit`. */
  | { readonly kind: 'unpark'; readonly xid: string }
  /** Nothing new, and everything before this position was sent. */
  | { readonly kind: 'keepalive'; readonly checkpoint: Checkpoint }
  /** The session is at its end; nothing follows. */
  | { readonly kind: 'failed'; readonly error: SerializedError };
