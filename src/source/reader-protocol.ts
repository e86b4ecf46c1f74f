import type { MessagePort } from 'node:worker_threads';
import type { ColumnBatch } from '../batch/column-batch.js';
import type { SerializedError } from '../common/errors.js';
import type { BinlogPosition } from '../model/binlog-position.js';
import type { TablePlan } from '../model/column-plan.js';
import type { MysqlEndpoint } from '../model/mysql-endpoint.js';

/** The one task of a reader thread: it holds a connection and serves requests until it is closed. */
export interface ReaderTask {
  readonly endpoint: MysqlEndpoint;
  readonly port: MessagePort;
  /** Bytes of batches that may be on their way before the reader pauses its connection. */
  readonly windowBytes: number;
}

/** Requests that are answered, by the reply of the same kind, `refused` or `failed`; one at a time. */
export type ReaderRequest =
  | { readonly kind: 'begin-snapshot' }
  | { readonly kind: 'snapshot-position' }
  | { readonly kind: 'read-chunk'; readonly sql: string; readonly table: ReaderTable }
  /** Sends what is left in the current batch. */
  | { readonly kind: 'flush' }
  /** Not answered: ends the reader, also in the middle of a chunk. */
  | { readonly kind: 'close' };

/** Sent at any time, without a reply: a batch's buffers, to be reused. */
export interface RecycleMessage {
  readonly kind: 'recycle';
  readonly fixed: ArrayBuffer;
  readonly heap: ArrayBuffer;
  /** What the batch counted for when it was sent. */
  readonly bytes: number;
}

export interface ReaderTable {
  /** One attempt at copying a table; its batches are kept apart from those of other attempts. */
  readonly copyId: string;
  readonly plan: TablePlan;
  readonly capacity: number;
}

export type ReaderMessage =
  | { readonly kind: 'connected' }
  | { readonly kind: Exclude<ReaderRequest['kind'], 'snapshot-position'> }
  | { readonly kind: 'snapshot-position'; readonly position: BinlogPosition | null }
  | { readonly kind: 'batch'; readonly batch: ColumnBatch }
  /** The request could not be served, but the reader and its snapshot stand. */
  | { readonly kind: 'refused'; readonly error: SerializedError }
  /** The reader is at its end, and its snapshot is gone. */
  | { readonly kind: 'failed'; readonly error: SerializedError };
