import { DucktailError, type ErrorCode, errorMessage } from '../common/errors.js';
import type { BinlogRetention } from './binlog-retention.js';
import type { SyncMode } from './sync-result.js';

/** What became of a table's rows in the replica, by whatever way they came. */
export interface ObservedRows {
  readonly table: string;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  /** Of the values that were read for it. */
  readonly bytes: number;
}

/** A commit of the stream of changes. */
export interface ObservedCommit {
  readonly tables: readonly ObservedRows[];
  /** Applying it and the COMMIT took. */
  readonly seconds: number;
  /** When its last transaction was committed at the source, in ms since 1970; null: not known. */
  readonly sourceTimeMs: number | null;
}

export interface ObservedSync extends ObservedRows {
  readonly mode: SyncMode;
  readonly seconds: number;
  readonly error: Error | null;
}

export interface ObservedFailure {
  readonly code: ErrorCode | null;
  readonly message: string;
  readonly hint: string | undefined;
}

export function describeFailure(error: unknown): ObservedFailure {
  const known = error instanceof DucktailError ? error : null;
  return { code: known?.code ?? null, message: errorMessage(error), hint: known?.hint };
}

/**
 * Told what replication does, for whoever watches it. Calls return at once and throw nothing; rows
 * are told when they are committed.
 */
export interface ReplicationObserver {
  committed(commit: ObservedCommit): void;
  /** A table was copied or followed, or could not be. */
  synced(sync: ObservedSync): void;
  /** A run of such syncs is over, however it ended. */
  settled(): void;
  /** The source has accepted the position of a stream. */
  connected(): void;
  /** An attempt to replicate has failed; another one follows. */
  failed(failure: ObservedFailure): void;
  /** The table's changes are not applied from here on, until it was copied again. */
  quarantined(table: string, reason: string): void;
  retained(retention: BinlogRetention): void;
}

/** Told of queries on the replica, whoever asks. Calls return at once and throw nothing. */
export interface QueryObserver {
  /** A query waits for its turn; `started` or `refused` follows. */
  queued(): void;
  started(): void;
  /** It never had its turn: the queue is full, or it was given up while it waited. */
  refused(): void;
  /** null: it was answered. A failure without a code is a defect. */
  finished(seconds: number, code: ErrorCode | 'bug' | null): void;
}
