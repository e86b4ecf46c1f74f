import type { Checkpoint } from '../model/checkpoint.js';

/** A replicated table, as it is now. */
export interface WatchedTable {
  readonly table: string;
  readonly mode: string;
  readonly rows: number;
  /** ISO 8601, UTC. */
  readonly lastSync: string | null;
  readonly watermark: string | null;
  readonly rejectedValues: number;
  readonly isQuarantined: boolean;
  readonly error: string | null;
}

export interface WatchedStatus {
  readonly state: string;
  /** Where the tables are in the replica. */
  readonly targetSchema: string;
  readonly cdc: {
    readonly state: string;
    readonly checkpoint: Checkpoint | null;
    /** ISO 8601, UTC. */
    readonly sourceTime: string | null;
    readonly lagSeconds: number | null;
  } | null;
}

/** What the replica takes of the machine. */
export interface WatchedUsage {
  readonly fileBytes: number;
  readonly walBytes: number;
  /** On the disk of the file, for this user. */
  readonly freeBytes: number;
  readonly duckdbMemoryBytes: number;
  /** For how long the oldest reader has its transaction open; 0: there is none. */
  readonly oldestReaderSeconds: number;
}

/** A running service, for those who look at it. */
export interface WatchedService {
  status(): WatchedStatus;
  /** Reads the replica, beside the writer. */
  tables(): Promise<readonly WatchedTable[]>;
  usage(): Promise<WatchedUsage>;
}
