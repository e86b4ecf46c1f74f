/** A key range of a table: what one read of one reader covers. */
export interface Chunk {
  /** The range as an SQL condition on the key; null for the whole table. */
  readonly condition: string | null;
}

export const WHOLE_TABLE: Chunk = { condition: null };
