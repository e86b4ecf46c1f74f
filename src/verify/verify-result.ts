import type { TableSyncError } from '../model/sync-result.js';

/** How one table compares; the entry of `verify --json`. */
export interface TableVerification {
  readonly table: string;
  /** Of the source. */
  readonly rows: number;
  /** Parts that were compared: key ranges, or rows by a hash of their key. */
  readonly ranges: number;
  readonly differingRanges: number;
  /** `missing`, `extra` and `changed` together. */
  readonly differingRows: number;
  /** Rows of the source that the replica does not have. */
  readonly missing: number;
  /** Rows of the replica that the source does not have. */
  readonly extra: number;
  /** Rows of the same key with other values. */
  readonly changed: number;
  readonly examples: readonly DifferenceExample[];
  /** Of the rows that differed, how many are equal now. */
  readonly repaired: number;
  /** False where the source changed each time the differing ranges were read again. */
  readonly settled: boolean;
  readonly seconds: number;
  /** Why the table could not be compared. */
  readonly error: TableSyncError | null;
}

export interface DifferenceExample {
  readonly kind: 'missing' | 'extra' | 'changed';
  /** The texts of the key's columns; null where there is no key. */
  readonly key: readonly string[] | null;
  /** null where the row as a whole is missing or extra. */
  readonly column: string | null;
  /** Up to 100 characters of the value, or of the row's values; null for NULL or no row. */
  readonly source: string | null;
  readonly replica: string | null;
}

/** The document of `verify --json`. */
export interface VerifyResult {
  readonly tables: readonly TableVerification[];
  /** Whether all tables are equal, where need be after a repair. */
  readonly equal: boolean;
  readonly seconds: number;
}

export function isEqual(table: TableVerification): boolean {
  return table.error === null && table.differingRows === table.repaired;
}
