import type { TypeOptions } from '../model/column-plan.js';

/** What a full sync can be tuned by; the environment's variables in program form. */
export interface SnapshotOptions {
  readonly targetSchema: string;
  readonly types: TypeOptions;
  /** Rows per batch from a reader. */
  readonly batchRows: number;
  /** Rows between flushes into a staging table. */
  readonly flushRows: number;
  /** A flush happens earlier when this many bytes wait. */
  readonly flushBytes: number;
  /** Rows per statement of the INSERT fallback. */
  readonly insertRows: number;
  /** Reader threads, each with a connection. */
  readonly readers: number;
}
