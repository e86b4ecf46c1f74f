import type { ColumnPlan } from '../model/column-plan.js';
import type { BatchRejection } from '../model/rejected-value.js';

/**
 * Rows of one table as columns, in two buffers that are transferred between threads, never cloned:
 *
 * - `fixed` holds, column after column, `capacity` values of the column's width (aligned to 16
 *   bytes), then the validity bits of every column (1 = not NULL, least significant bit first, in
 *   whole 8-byte words): exactly what DuckDB's vectors hold, so that appending is a memory copy.
 * - `heap` holds what is longer than 12 bytes of the strings. A string value is DuckDB's 16-byte
 *   string_t: u32 length, then the bytes themselves (up to 12, zero-padded), or 4 bytes of prefix
 *   and the offset in `heap` as u64, to which the writer adds the heap's address.
 *
 * A FLOAT list's value is the number of elements as u64, then the offset of the first in `heap`, in
 * bytes, as u64; the writer copies them into the list's child vector.
 */
export interface ColumnBatch {
  readonly rows: number;
  readonly capacity: number;
  readonly fixed: ArrayBuffer;
  readonly heap: ArrayBuffer;
  readonly heapBytes: number;
  /** For each column 1 if at least one value is NULL: validity bits are only read then. */
  readonly hasNulls: Uint8Array;
  readonly rejected: readonly BatchRejection[];
}

/** Bytes that a batch keeps alive: what queues are bounded by. */
export function batchBytes(batch: ColumnBatch): number {
  return batch.fixed.byteLength + batch.heap.byteLength;
}

/** What its values take; the buffers may be larger. */
export function valueBytes({ fixed, rows, capacity, heapBytes }: ColumnBatch): number {
  return (fixed.byteLength * rows) / capacity + heapBytes;
}

/** Where each column lies in `ColumnBatch.fixed`; a function of plan and capacity alone. */
export interface BatchLayout {
  readonly capacity: number;
  readonly fixedBytes: number;
  readonly columns: readonly ColumnLayout[];
}

export interface ColumnLayout {
  /** Bytes per value. */
  readonly width: number;
  readonly dataOffset: number;
  readonly validityOffset: number;
}

function valueWidth(column: ColumnPlan): number {
  return column.layout.kind === 'fixed' ? column.layout.bytes : 16;
}

/** `capacity` in rows, a multiple of 64 so that validity words are whole. */
export function layoutBatch(columns: readonly ColumnPlan[], capacity: number): BatchLayout {
  let offset = 0;
  const dataOffsets = columns.map((column) => {
    const at = offset;
    offset += align(valueWidth(column) * capacity, 16);
    return at;
  });
  const validityBytes = capacity / 8;
  const layouts = columns.map((column, index) => ({
    width: valueWidth(column),
    dataOffset: dataOffsets[index],
    validityOffset: offset + index * validityBytes,
  }));
  return {
    capacity,
    fixedBytes: offset + columns.length * validityBytes,
    columns: layouts,
  };
}

/** DuckDB's vectors hold 2,048 values; whole vectors per batch append fastest. */
export const VECTOR_ROWS = 2048;
const MIN_CAPACITY = 64;
/** Keeps a batch of a very wide table from taking the memory that is promised to stay flat. */
const MAX_FIXED_BYTES = 4 * 1024 * 1024;

/** Rows per batch: `batchRows` where the table is not so wide that it would take over 4 MB. */
export function batchCapacity(columns: readonly ColumnPlan[], batchRows: number): number {
  const rowBytes = columns.reduce((sum, column) => sum + valueWidth(column), 0) || 1;
  const wanted = Math.min(batchRows, Math.floor(MAX_FIXED_BYTES / rowBytes));
  const step = wanted >= VECTOR_ROWS ? VECTOR_ROWS : MIN_CAPACITY;
  return Math.max(MIN_CAPACITY, Math.floor(wanted / step) * step);
}

function align(bytes: number, to: number): number {
  return Math.ceil(bytes / to) * to;
}
