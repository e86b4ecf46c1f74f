/** What clients' queries may take. */
export interface QueryLimits {
  /** Queries that run at once. */
  readonly maxConcurrent: number;
  /** Queries that may wait for their turn. */
  readonly queueMax: number;
  /** From its start to the last row sent. */
  readonly timeoutMs: number;
  /** What each of them adds to the memory that DuckDB may have. */
  readonly memoryBytes: number;
  /** What all of them may have on disk at once. */
  readonly tempBytes: number;
  /** The largest result that is sent. */
  readonly resultBytes: number;
}

const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
  TIB: 2 ** 40,
};

/** Bytes of a size in DuckDB's notation, such as `256MB` or `1.5 GiB`. */
export function byteCount(size: string): number {
  const [, number, unit] = /^([\d.]+) ?(\w+)$/.exec(size) ?? [];
  return Math.round(Number(number) * (UNITS[unit?.toUpperCase()] ?? NaN));
}
