import type { TypeOptions } from '../model/column-plan.js';

/** What a full sync can be tuned by; the environment's variables in program form. */
export interface SnapshotOptions {
  readonly targetSchema: string;
  readonly types: TypeOptions;
  /** Rows per batch from a reader. */
  readonly batchRows: number;
  /** Rows between flushes into a staging table. */
  readonly flushRows: number;
  /**
   * Bytes of batches on their way, over all readers. A reader pauses at its share; a flush happens
   * at half of that at the latest, so that no reader waits for one that never comes.
   */
  readonly windowBytes: number;
  /** Rows per statement of the INSERT fallback. */
  readonly insertRows: number;
  /** Reader threads, each with a connection. */
  readonly readers: number;
}

/** One reader's share of the window. */
export function readerWindowBytes({ windowBytes, readers }: SnapshotOptions): number {
  return Math.floor(windowBytes / readers);
}
