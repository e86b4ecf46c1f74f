/** A source value that its replica column cannot hold. Data, not an error. */
export interface RejectedValue {
  /** Position of the column in the table's plan. */
  readonly column: number;
  /** The row's key as JSON array of texts, or null for a table without a key. */
  readonly key: string | null;
  /** The value as the source prints it; `0x…` where it is not text. */
  readonly sourceText: string;
  readonly reason: RejectionReason;
}

/** A rejected value of a batch, which has the row as well. */
export interface BatchRejection extends RejectedValue {
  /** The row's position in its batch. */
  readonly row: number;
}

export type RejectionReason =
  | 'zero or partial date'
  | 'time outside 00:00:00 to 24:00:00'
  | 'invalid UTF-8'
  | 'not 0 or 1: stored as true'
  | 'number out of range'
  | 'malformed value';
