/** How far the source's binlog goes beyond what the replica has, and until when it is kept. */
export interface BinlogRetention {
  /** When the oldest file that is still needed may be purged, in ms since 1970; null: never. */
  readonly purgeableAtMs: number | null;
  /** Whether the source still has that file. */
  readonly isKept: boolean;
  /** From the replica's position to the end; null where the source does not tell the sizes. */
  readonly behindBytes: number | null;
}
