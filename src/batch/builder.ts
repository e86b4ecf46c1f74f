import type { RejectionReason } from '../model/rejected-value.js';
import type { RowCursor } from './row-cursor.js';
import type { StringHeap } from './string-heap.js';

/**
 * Fills one column of a batch. A builder is chosen once per column; `append` reads the value at the
 * cursor, moves the cursor behind it and writes it to `row`. A value that the column cannot hold is
 * reported to `rejections` and becomes NULL.
 */
export abstract class ColumnBuilder {
  hasNulls = false;
  protected validity: Uint8Array = new Uint8Array(0);

  constructor(
    protected readonly column: number,
    protected readonly rejections: Rejections,
  ) {}

  /** Starts a batch: the column's place in its buffer, and the batch's heap. */
  attach(place: ColumnPlace): void {
    this.validity = new Uint8Array(place.fixed, place.validityOffset, place.capacity / 8);
    this.validity.fill(0xff);
    this.hasNulls = false;
    this.attachData(place);
  }

  protected abstract attachData(place: ColumnPlace): void;

  abstract append(cursor: RowCursor, row: number): void;

  appendNull(row: number): void {
    this.validity[row >> 3] &= ~(1 << (row & 7));
    this.hasNulls = true;
  }

  protected reject(row: number, reason: RejectionReason): void {
    this.appendNull(row);
    this.rejections.report(this.column, reason);
  }
}

export interface ColumnPlace {
  readonly fixed: ArrayBuffer;
  readonly dataOffset: number;
  readonly validityOffset: number;
  readonly capacity: number;
  readonly heap: StringHeap;
}

/** The rejections of the row being decoded, until the row decoder takes them. */
export class Rejections {
  readonly pending: { column: number; reason: RejectionReason }[] = [];

  report(column: number, reason: RejectionReason): void {
    this.pending.push({ column, reason });
  }
}
