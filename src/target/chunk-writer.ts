import duckdb from '@duckdb/node-bindings';
import { DuckDBDataChunk, type DuckDBType } from '@duckdb/node-api';
import {
  type BatchLayout,
  type ColumnBatch,
  layoutBatch,
  VECTOR_ROWS,
} from '../batch/column-batch.js';
import type { ColumnPlan } from '../model/column-plan.js';

/**
 * Fills DuckDB's data chunks from column batches by memory copies: no call per value or per row.
 *
 * This is the only file that uses `@duckdb/node-bindings`, because the node-api has no way to fill a
 * vector from an ArrayBuffer. The trick for strings: a batch's heap is copied once into a BLOB
 * vector of our own, whose address is read back from the string_t that DuckDB made for it; every
 * long string_t of the batch is then pointed into that copy. DuckDB copies the strings out of there
 * while it consumes the chunk, so the copy has to live until then (`HeapVector`).
 */
export class ChunkWriter {
  private readonly layouts = new Map<number, BatchLayout>();
  private readonly strings: readonly number[];
  private readonly lists: readonly number[];

  constructor(
    private readonly columns: readonly ColumnPlan[],
    readonly types: readonly DuckDBType[],
  ) {
    this.strings = positions(columns, 'string');
    this.lists = positions(columns, 'float-list');
  }

  /** A new chunk of this table's types, for the Appender. */
  createChunk(): DuckDBDataChunk {
    return DuckDBDataChunk.create(this.types);
  }

  /** Makes the batch ready to be copied from; its buffers are changed in place. */
  pin(batch: ColumnBatch, heap: HeapVector): PinnedBatch {
    const layout = this.layoutOf(batch.capacity);
    if (batch.heapBytes > 0) {
      const address = heap.hold(new Uint8Array(batch.heap, 0, batch.heapBytes));
      for (const column of this.strings) {
        pointIntoHeap(batch, layout.columns[column].dataOffset, address);
      }
    }
    return { batch, layout };
  }

  /** Makes `chunk` hold the rows `from` to `from + count` of the batch; `from` a multiple of 8. */
  fill(chunk: DuckDBDataChunk, pinned: PinnedBatch, from: number, count: number): void {
    const { batch, layout } = pinned;
    const raw = chunk.chunk;
    duckdb.data_chunk_set_size(raw, count);
    for (let i = 0; i < layout.columns.length; i++) {
      const { dataOffset, validityOffset, width } = layout.columns[i];
      const vector = duckdb.data_chunk_get_vector(raw, i);
      duckdb.copy_data_to_vector(vector, 0, batch.fixed, dataOffset + from * width, count * width);
      if (batch.hasNulls[i] === 1) {
        duckdb.vector_ensure_validity_writable(vector);
        const start = validityOffset + (from >> 3);
        duckdb.copy_data_to_vector_validity(vector, 0, batch.fixed, start, (count + 7) >> 3);
      }
    }
    for (const column of this.lists) this.fillList(raw, pinned, column, from, count);
  }

  private fillList(
    raw: duckdb.DataChunk,
    { batch, layout }: PinnedBatch,
    column: number,
    from: number,
    count: number,
  ): void {
    const { dataOffset, validityOffset } = layout.columns[column];
    const values = new Uint32Array(batch.fixed, dataOffset + from * 16, count * 4);
    const validity = new Uint8Array(batch.fixed, validityOffset);
    const entries = new Uint32Array(count * 4);
    const pieces: { offset: number; bytes: number; at: number }[] = [];
    let elements = 0;
    for (let i = 0; i < count; i++) {
      const row = from + i;
      const isNull = (validity[row >> 3] & (1 << (row & 7))) === 0;
      const length = isNull ? 0 : values[i * 4];
      entries[i * 4] = elements;
      entries[i * 4 + 2] = length;
      if (length > 0)
        pieces.push({ offset: values[i * 4 + 2], bytes: length * 4, at: elements * 4 });
      elements += length;
    }
    const vector = duckdb.data_chunk_get_vector(raw, column);
    duckdb.list_vector_reserve(vector, elements);
    duckdb.list_vector_set_size(vector, elements);
    const child = duckdb.list_vector_get_child(vector);
    for (const piece of pieces) {
      duckdb.copy_data_to_vector(child, piece.at, batch.heap, piece.offset, piece.bytes);
    }
    duckdb.copy_data_to_vector(vector, 0, entries.buffer, 0, entries.byteLength);
  }

  private layoutOf(capacity: number): BatchLayout {
    let layout = this.layouts.get(capacity);
    if (layout === undefined) {
      layout = layoutBatch(this.columns, capacity);
      this.layouts.set(capacity, layout);
    }
    return layout;
  }
}

/** A batch whose long strings point into a `HeapVector`. */
export interface PinnedBatch {
  readonly batch: ColumnBatch;
  readonly layout: BatchLayout;
}

interface Address {
  readonly low: number;
  readonly high: number;
}

/** Memory of DuckDB's that holds one batch's heap at a time, at an address that is known. */
export class HeapVector {
  private readonly chunk = duckdb.create_data_chunk([duckdb.create_logical_type(duckdb.Type.BLOB)]);

  /** Copies the bytes, more than 12 of them, and lets go of what was held before. */
  hold(bytes: Uint8Array): Address {
    this.release();
    const vector = duckdb.data_chunk_get_vector(this.chunk, 0);
    duckdb.vector_assign_string_element_len(vector, 0, bytes);
    const string = duckdb.vector_get_data(vector, 16);
    const view = new DataView(string.buffer, string.byteOffset, 16);
    return { low: view.getUint32(8, true), high: view.getUint32(12, true) };
  }

  /** Frees the memory, which the garbage collector knows nothing of and would leave for long. */
  release(): void {
    duckdb.data_chunk_reset(this.chunk);
  }
}

/** The rows of a chunk that starts at `from`: one vector's worth at most. */
export function chunkRows(batch: ColumnBatch, from: number): number {
  return Math.min(VECTOR_ROWS, batch.rows - from);
}

function positions(columns: readonly ColumnPlan[], kind: 'string' | 'float-list'): number[] {
  return columns.flatMap((column, index) => (column.layout.kind === kind ? [index] : []));
}

const INLINE_BYTES = 12;

/** Turns offsets in the heap into addresses, for the strings that are not inline. */
function pointIntoHeap(batch: ColumnBatch, dataOffset: number, heap: Address): void {
  const words = new Uint32Array(batch.fixed, dataOffset, batch.rows * 4);
  const { low: addressLow, high: addressHigh } = heap;
  for (let at = 0; at < words.length; at += 4) {
    if (words[at] > INLINE_BYTES) {
      const low = addressLow + words[at + 2];
      words[at + 2] = low;
      words[at + 3] = low > 0xffffffff ? addressHigh + 1 : addressHigh;
    }
  }
}
