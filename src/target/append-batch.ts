import type { DuckDBAppender } from '@duckdb/node-api';
import type { ColumnBatch } from '../batch/column-batch.js';
import { type ChunkWriter, chunkRows, HeapVector } from './chunk-writer.js';

/** Copies a batch into the Appender; blocks for about half a microsecond a row. */
export function appendBatch(
  writer: ChunkWriter,
  appender: DuckDBAppender,
  batch: ColumnBatch,
): void {
  const chunk = writer.createChunk();
  const heap = new HeapVector();
  const pinned = writer.pin(batch, heap);
  for (let from = 0; from < batch.rows; from += chunkRows(batch, from)) {
    chunk.reset();
    writer.fill(chunk, pinned, from, chunkRows(batch, from));
    appender.appendDataChunk(chunk);
  }
  heap.release();
}

/** Of rows that are not to be kept: an Appender that could not write them fails to close as well. */
export function closeAppender(appender: DuckDBAppender): void {
  try {
    appender.closeSync();
  } catch {
    // Its rows are gone, as they should be.
  }
}
