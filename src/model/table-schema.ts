/**
 * A source table as its server describes it (INFORMATION_SCHEMA). Plain data: it crosses thread
 * boundaries and is stored as JSON.
 */
export interface TableSchema {
  readonly database: string;
  readonly name: string;
  readonly columns: readonly ColumnSchema[];
  /**
   * The key that identifies a row and orders reading: PRIMARY, else the first UNIQUE index with no
   * nullable column (InnoDB clusters by the same rule), else null.
   */
  readonly key: KeySchema | null;
  readonly engine: string;
  /** The server's estimate; far off at times, never used for correctness. */
  readonly estimatedRows: number;
  /** Data and indexes, in bytes, as the server estimates them. */
  readonly estimatedBytes: number;
  readonly watermark: WatermarkChoice | null;
  /** When the server made the table's files: anew by OPTIMIZE and every ALTER. */
  readonly createdAt: string | null;
  /** The next AUTO_INCREMENT; null without one, and on MySQL before the first row. */
  readonly autoIncrement: string | null;
  /**
   * Of a system-versioned table (MariaDB) the column that says until when a row was the present one;
   * where the table does not declare it, it is none of `columns`. Absent in all other tables.
   */
  readonly rowEnd?: string;
}

export interface ColumnSchema {
  readonly name: string;
  /** DATA_TYPE: the bare lower-case type name, e.g. `int`. */
  readonly dataType: string;
  /** COLUMN_TYPE: the full declaration, e.g. `int(10) unsigned zerofill`. */
  readonly columnType: string;
  readonly nullable: boolean;
  readonly characterSet: string | null;
  readonly collation: string | null;
  readonly numericPrecision: number | null;
  readonly numericScale: number | null;
  /** MariaDB keeps JSON as LONGTEXT with a json_valid() check; true where that check stands. */
  readonly isJsonText: boolean;
}

export interface KeySchema {
  readonly indexName: string;
  /** In index order; never empty. */
  readonly columns: readonly string[];
}

/** The column an incremental sync would follow, and the rule that chose it. */
export interface WatermarkChoice {
  readonly column: string;
  readonly reason: WatermarkReason;
  /** An index that begins with the column; null: every sync scans the table. */
  readonly indexName: string | null;
}

export type WatermarkReason =
  'configured' | 'on-update-timestamp' | 'usual-name' | 'auto-increment';
