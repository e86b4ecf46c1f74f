import type { ColumnBatch } from '../batch/column-batch.js';
import type { Reader } from './reader-pool.js';
import type { ReaderTable } from './reader-protocol.js';

/**
 * The rows of one statement, in its order, as batches, the last one included. Who takes a batch
 * gives its buffers back (`Reader.recycle`); until then the reader's window bounds what is read
 * ahead. To be read to its end: the reader is busy with it until then.
 */
export async function* readBatches(
  reader: Reader,
  table: ReaderTable,
  sql: string,
): AsyncGenerator<ColumnBatch> {
  const waiting: ColumnBatch[] = [];
  let wake: () => void = () => undefined;
  const state: { isAtEnd: boolean; error: Error | null } = { isAtEnd: false, error: null };
  const accept = (batch: ColumnBatch): void => {
    waiting.push(batch);
    wake();
  };
  reader
    .readChunk(table, sql, accept)
    .then(() => reader.flush())
    .catch((error: unknown) => {
      state.error = error as Error;
    })
    .finally(() => {
      state.isAtEnd = true;
      wake();
    });
  for (;;) {
    const batch = waiting.shift();
    if (batch !== undefined) yield batch;
    else if (state.error !== null) throw state.error;
    else if (state.isAtEnd) return;
    else
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
  }
}
