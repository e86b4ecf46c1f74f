/** Told what happens during a sync, for progress and logs. Table names are source names. */
export interface SyncReporter {
  /** The tables of an attempt with the server's row estimates, largest first. */
  planned(tables: readonly { readonly table: string; readonly estimatedRows: number }[]): void;
  /** The first reader starts on the table. */
  tableStarted(table: string): void;
  /** `rows` more rows of the table are in its staging table. */
  rowsWritten(table: string, rows: number): void;
  tableFinished(table: string, rows: number, seconds: number): void;
  /** An incremental sync has brought the table up to date. */
  tableFollowed(table: string, changes: TableChanges, seconds: number): void;
  tableFailed(table: string, error: Error): void;
  /** The table is read again from its beginning. */
  tableRestarted(table: string, why: string): void;
  warning(message: string, hint?: string): void;
  info(message: string): void;
}

/** Rows that an incremental sync found. */
export interface TableChanges {
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
}
