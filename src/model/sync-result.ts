/** How rows came over: as a whole copy, by the watermark, or from the binlog. */
export type SyncMode = 'full' | 'incremental' | 'cdc';

/** How one table fared in a sync; the entry of `sync --json`. */
export interface TableSyncResult {
  readonly table: string;
  readonly mode: SyncMode;
  /** Rows read from the source, or changed by its binlog; 0 where `error` is set. */
  readonly rows: number;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  /** Rows that were read and found to be in the replica already. */
  readonly unchanged: number;
  /** As texts, times in UTC; null where there is none. */
  readonly oldWatermark: string | null;
  readonly newWatermark: string | null;
  readonly seconds: number;
  readonly rowsPerSecond: number;
  readonly rejectedValues: number;
  readonly error: TableSyncError | null;
}

export interface TableSyncError {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
}

/** The document of `sync --json`. */
export interface SyncResult {
  readonly tables: readonly TableSyncResult[];
  readonly seconds: number;
  readonly peakRssBytes: number;
}
