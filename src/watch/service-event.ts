import type { SyncMode } from '../model/sync-result.js';
import type { CopyProgress } from './activity.js';
import type { WatchedStatus, WatchedTable } from './watched-service.js';

/** What `/api/events` tells, by the event's name. */
export interface ServiceEvents {
  /** Of the service and its stream of changes; also when nothing has changed, every few seconds. */
  status: WatchedStatus;
  /** A table that is new or has changed. */
  table: WatchedTable;
  /** A table that is not replicated any more. */
  gone: { readonly table: string };
  progress: CopyProgress;
  /** What came over by the stream or the watermark since it was told last, within a second or so. */
  applied: AppliedRows;
  /** Of a table, at the beginning: rows of each of the last seconds, oldest first. */
  throughput: { readonly table: string; readonly rowsPerSecond: readonly number[] };
  problem: Problem;
  quarantine: { readonly table: string; readonly reason: string; readonly at: string };
  /** To a client that comes back: of problems and quarantines since its last one, so many are lost. */
  missed: { readonly events: number };
}

export interface AppliedRows {
  readonly table: string;
  readonly mode: SyncMode;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

/** What the log tells as a warning or an error. */
export interface Problem {
  readonly level: 'warning' | 'error';
  readonly code: string | null;
  readonly message: string;
  readonly hint: string | null;
  readonly table: string | null;
  /** ISO 8601, UTC. */
  readonly at: string;
}

export type EventName = keyof ServiceEvents;
