import type { ColumnPlan } from '../model/column-plan.js';
import type { BatchRejection, RejectedValue } from '../model/rejected-value.js';
import { type ColumnBuilder, Rejections } from './builder.js';
import { type BatchLayout, type ColumnBatch, layoutBatch } from './column-batch.js';
import { DecimalBuilder } from './decimal-builder.js';
import {
  BitBooleanBuilder,
  BitNumberBuilder,
  Copy1Builder,
  Copy2Builder,
  Copy4Builder,
  Copy8Builder,
  TinyintBooleanBuilder,
  UuidBuilder,
} from './fixed-builders.js';
import { BytesBuilder, GeometryBuilder, TextBuilder, VectorBuilder } from './string-builders.js';
import { StringHeap } from './string-heap.js';
import {
  DateBuilder,
  TimeBuilder,
  TimeIntervalBuilder,
  TimestampBuilder,
} from './temporal-builders.js';

/** A heap of this size ends a batch early, so that long texts don't make batches of any size. */
const MAX_HEAP_BYTES = 4 * 1024 * 1024;
/** Buffers grown beyond this for a huge value are not kept for reuse. */
const MAX_REUSED_HEAP_BYTES = 2 * MAX_HEAP_BYTES;

/** The builders of a table's columns and the batch that they are filling. */
export class BatchBuilder {
  readonly builders: readonly ColumnBuilder[];
  readonly rejections = new Rejections();
  rows = 0;
  private readonly layout: BatchLayout;
  private fixed!: ArrayBuffer;
  private heap!: StringHeap;
  private rejected: BatchRejection[] = [];
  private readonly spare: { fixed: ArrayBuffer; heap: ArrayBuffer }[] = [];

  constructor(columns: readonly ColumnPlan[], capacity: number) {
    this.layout = layoutBatch(columns, capacity);
    this.builders = columns.map((column, index) => createBuilder(column, index, this.rejections));
    this.startBatch();
  }

  get isFull(): boolean {
    return this.rows === this.layout.capacity || this.heap.used >= MAX_HEAP_BYTES;
  }

  /** Of the last row, which `rows` counts already. */
  addRejected(value: RejectedValue): void {
    this.rejected.push({ ...value, row: this.rows - 1 });
  }

  /** The rows so far, to be transferred away; the builder goes on with other buffers. */
  take(): ColumnBatch {
    const batch: ColumnBatch = {
      rows: this.rows,
      capacity: this.layout.capacity,
      fixed: this.fixed,
      heap: this.heap.bytes.buffer as ArrayBuffer,
      heapBytes: this.heap.used,
      hasNulls: Uint8Array.from(this.builders, (builder) => (builder.hasNulls ? 1 : 0)),
      rejected: this.rejected,
    };
    this.startBatch();
    return batch;
  }

  /** Buffers of a batch that came back from the writer, to be used again. */
  recycle(fixed: ArrayBuffer, heap: ArrayBuffer): void {
    if (fixed.byteLength !== this.layout.fixedBytes) return;
    if (heap.byteLength > MAX_REUSED_HEAP_BYTES) return;
    this.spare.push({ fixed, heap });
  }

  private startBatch(): void {
    const spare = this.spare.pop();
    this.fixed = spare?.fixed ?? new ArrayBuffer(this.layout.fixedBytes);
    this.heap = new StringHeap(spare?.heap ?? null);
    this.rows = 0;
    this.rejected = [];
    this.builders.forEach((builder, index) => {
      builder.attach({
        fixed: this.fixed,
        dataOffset: this.layout.columns[index].dataOffset,
        validityOffset: this.layout.columns[index].validityOffset,
        capacity: this.layout.capacity,
        heap: this.heap,
      });
    });
  }
}

function createBuilder(column: ColumnPlan, index: number, rejections: Rejections): ColumnBuilder {
  const { encoding } = column;
  switch (encoding.kind) {
    case 'copy':
      return createCopyBuilder(encoding.bytes, index, rejections);
    case 'tinyint-boolean':
      return new TinyintBooleanBuilder(index, rejections);
    case 'bit':
      return encoding.boolean
        ? new BitBooleanBuilder(index, rejections)
        : new BitNumberBuilder(index, rejections);
    case 'decimal':
      return new DecimalBuilder(index, rejections, encoding.bytes);
    case 'date':
      return new DateBuilder(index, rejections);
    case 'timestamp':
      return new TimestampBuilder(index, rejections);
    case 'time':
      return new TimeBuilder(index, rejections);
    case 'time-interval':
      return new TimeIntervalBuilder(index, rejections);
    case 'text':
      return new TextBuilder(index, rejections);
    case 'bytes':
      return new BytesBuilder(index, rejections);
    case 'geometry':
      return new GeometryBuilder(index, rejections);
    case 'vector':
      return new VectorBuilder(index, rejections);
    case 'uuid-text':
      return new UuidBuilder(index, rejections);
  }
}

function createCopyBuilder(
  bytes: 1 | 2 | 4 | 8,
  index: number,
  rejections: Rejections,
): ColumnBuilder {
  switch (bytes) {
    case 1:
      return new Copy1Builder(index, rejections);
    case 2:
      return new Copy2Builder(index, rejections);
    case 4:
      return new Copy4Builder(index, rejections);
    case 8:
      return new Copy8Builder(index, rejections);
  }
}
