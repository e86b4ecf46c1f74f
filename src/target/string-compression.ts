import { type ColumnBatch, layoutBatch } from '../batch/column-batch.js';
import type { ColumnPlan } from '../model/column-plan.js';

/** Rows of a table that make a choice worth it: below, compression costs next to nothing. */
const MIN_TABLE_ROWS = 122_880;
const SAMPLE_ROWS = 2000;
/** Fewer values tell too little. */
const MIN_SAMPLE_VALUES = 500;
/**
 * With more distinct values than this a row group has over 30,000 of them, which are no dictionary;
 * with fewer DuckDB is left to see for itself, because a dictionary makes GROUP BY 5 times faster.
 */
const MIN_DISTINCT_SHARE = 0.97;
/** FSST can't hold long strings; DuckDB takes ZSTD for them. */
const MAX_AVERAGE_BYTES = 256;
/** Keeps the choice below a few milliseconds for tables of hundreds of columns. */
const MAX_COLUMNS = 40;
const INLINE_BYTES = 12;

/**
 * Positions of the text columns to be stored with FSST at once, because nearly all of their values
 * differ. Left alone, DuckDB tries a dictionary and FSST on every row group and keeps one: a quarter
 * of the CPU of loading 2 million rows with two such columns. A wrong choice costs space, no value.
 */
export function chooseFsstColumns(
  columns: readonly ColumnPlan[],
  estimatedRows: number,
  sample: ColumnBatch,
): Set<number> {
  if (estimatedRows < MIN_TABLE_ROWS) return new Set();
  const texts = [...columns.keys()].filter((at) => columns[at].encoding.kind === 'text');
  const layout = layoutBatch(columns, sample.capacity);
  const fsst = texts.slice(0, MAX_COLUMNS).filter((at) => {
    const { dataOffset, validityOffset } = layout.columns[at];
    return isDistinct(
      new Uint32Array(sample.fixed, dataOffset, sample.rows * 4),
      new Uint8Array(sample.fixed, validityOffset),
      new Uint8Array(sample.heap),
    );
  });
  return new Set(fsst);
}

/** `strings` are string_t with offsets into `heap`: see `ColumnBatch`. */
function isDistinct(strings: Uint32Array, validity: Uint8Array, heap: Uint8Array): boolean {
  const rows = strings.length / 4;
  const step = Math.max(1, Math.floor(rows / SAMPLE_ROWS));
  const inline = new Uint8Array(strings.buffer, strings.byteOffset, strings.byteLength);
  const hashes = new Set<number>();
  let values = 0;
  let bytes = 0;
  for (let row = 0; row < rows; row += step) {
    if ((validity[row >> 3] & (1 << (row & 7))) === 0) continue;
    const length = strings[row * 4];
    const isInline = length <= INLINE_BYTES;
    const start = isInline ? row * 16 + 4 : strings[row * 4 + 2];
    values++;
    bytes += length;
    hashes.add(hash(isInline ? inline : heap, start, start + Math.min(length, MAX_AVERAGE_BYTES)));
  }
  return (
    values >= MIN_SAMPLE_VALUES &&
    hashes.size >= values * MIN_DISTINCT_SHARE &&
    bytes <= values * MAX_AVERAGE_BYTES
  );
}

/** FNV-1a, 32 bits. */
function hash(bytes: Uint8Array, start: number, end: number): number {
  let value = 0x811c9dc5 | 0;
  for (let i = start; i < end; i++) value = Math.imul(value ^ bytes[i], 0x01000193);
  return value;
}
