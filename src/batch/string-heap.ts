import type { RowCursor } from './row-cursor.js';

/** Up to this length a byte loop in JS beats the native copy's call overhead. */
const NATIVE_COPY_BYTES = 160;
const INITIAL_BYTES = 256 * 1024;

/** The growing buffer for a batch's long values; shared by all string columns of the batch. */
export class StringHeap {
  bytes: Uint8Array;
  used = 0;
  private view: DataView;

  constructor(buffer: ArrayBuffer | null) {
    this.bytes = new Uint8Array(buffer ?? new ArrayBuffer(INITIAL_BYTES));
    this.view = new DataView(this.bytes.buffer);
  }

  /**
   * Appends `length` bytes at the cursor and returns the OR of all bytes copied in the JS loop, or
   * 0x80 where the native copy was used: a high bit means that the text may not be ASCII.
   */
  append(cursor: RowCursor, length: number): number {
    if (length > NATIVE_COPY_BYTES) {
      this.appendNative(cursor, length);
      return 0x80;
    }
    const at = this.reserve(length);
    return this.copyShort(cursor, cursor.offset, at, length);
  }

  /** Appends `length` bytes at the cursor, any length. */
  appendNative(cursor: RowCursor, length: number): void {
    const at = this.reserve(length);
    this.bytes.set(cursor.bytes.subarray(cursor.offset, cursor.offset + length), at);
  }

  private reserve(length: number): number {
    const at = this.used;
    if (at + length > this.bytes.length) this.grow(at + length);
    this.used = at + length;
    return at;
  }

  /** Copies four bytes a step, and checks them for ASCII on the way; `length` is at least 13. */
  private copyShort(cursor: RowCursor, source: number, at: number, length: number): number {
    const from = cursor.view;
    const to = this.view;
    let or = 0;
    const whole = length - 4;
    for (let i = 0; i < whole; i += 4) {
      const word = from.getInt32(source + i, true);
      to.setInt32(at + i, word, true);
      or |= word;
    }
    // The last four bytes, overlapping those before.
    const word = from.getInt32(source + whole, true);
    to.setInt32(at + whole, word, true);
    or |= word;
    return or & 0x80808080;
  }

  private grow(bytes: number): void {
    const grown = new Uint8Array(Math.max(bytes, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.used));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }
}
