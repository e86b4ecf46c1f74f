import { ColumnBuilder, type ColumnPlace } from './builder.js';
import { writeInt64 } from './int64.js';
import type { RowCursor } from './row-cursor.js';

const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
/** Up to this many digits a double is exact, with room for one more step. */
const EXACT_DIGITS = 15;
const OUT_OF_RANGE = 'number out of range';

/**
 * DECIMAL(p ≤ 38, s) as an integer of 10^-s units in 2, 4, 8 or 16 bytes. The wire has it as ASCII
 * text with exactly s digits behind the point.
 */
export class DecimalBuilder extends ColumnBuilder {
  private data16 = new Int16Array(0);
  private data32 = new Int32Array(0);

  constructor(
    column: number,
    rejections: ConstructorParameters<typeof ColumnBuilder>[1],
    private readonly bytes: 2 | 4 | 8 | 16,
  ) {
    super(column, rejections);
  }

  protected override attachData(place: ColumnPlace): void {
    const { fixed, dataOffset, capacity } = place;
    if (this.bytes === 2) this.data16 = new Int16Array(fixed, dataOffset, capacity);
    else this.data32 = new Int32Array(fixed, dataOffset, (capacity * this.bytes) / 4);
  }

  override append(cursor: RowCursor, row: number): void {
    const length = cursor.readLength();
    const start = cursor.offset;
    const end = start + length;
    cursor.offset = end;
    if (length > EXACT_DIGITS) {
      this.appendLong(cursor.bytes, start, end, row);
      return;
    }
    const bytes = cursor.bytes;
    const negative = bytes[start] === MINUS;
    let value = 0;
    for (let i = negative ? start + 1 : start; i < end; i++) {
      const byte = bytes[i];
      if (byte !== POINT) value = value * 10 + (byte - ZERO);
    }
    this.write(row, negative ? -value : value);
  }

  private write(row: number, value: number): void {
    switch (this.bytes) {
      case 2:
        this.data16[row] = value;
        if (this.data16[row] !== value) this.reject(row, OUT_OF_RANGE);
        break;
      case 4:
        this.data32[row] = value;
        if (this.data32[row] !== value) this.reject(row, OUT_OF_RANGE);
        break;
      case 8:
        writeInt64(this.data32, row * 2, value);
        break;
      case 16: {
        writeInt64(this.data32, row * 4, value);
        const sign = value < 0 ? -1 : 0;
        this.data32[row * 4 + 2] = sign;
        this.data32[row * 4 + 3] = sign;
      }
    }
  }

  /** More digits than a double holds: a BigInt per value, for values that are rare. */
  private appendLong(bytes: Uint8Array, start: number, end: number, row: number): void {
    const text = String.fromCharCode(...bytes.subarray(start, end));
    const unscaled = BigInt(text.replace('.', ''));
    const width = this.bytes * 8;
    if (BigInt.asIntN(width, unscaled) !== unscaled) {
      this.reject(row, OUT_OF_RANGE);
      return;
    }
    if (this.bytes === 2) {
      this.data16[row] = Number(unscaled);
      return;
    }
    const words = this.bytes / 4;
    for (let i = 0; i < words; i++) {
      this.data32[row * words + i] = Number(BigInt.asIntN(32, unscaled >> BigInt(32 * i)));
    }
  }
}
