import { ColumnBuilder, type ColumnPlace } from './builder.js';
import type { RowCursor } from './row-cursor.js';

/** TINYINT, signed or not: the bits are the same. */
export class Copy1Builder extends ColumnBuilder {
  private data = new Uint8Array(0);

  protected override attachData(place: ColumnPlace): void {
    this.data = new Uint8Array(place.fixed, place.dataOffset, place.capacity);
  }

  override append(cursor: RowCursor, row: number): void {
    this.data[row] = cursor.bytes[cursor.offset++];
  }
}

/** SMALLINT and YEAR. */
export class Copy2Builder extends ColumnBuilder {
  private data = new Int16Array(0);

  protected override attachData(place: ColumnPlace): void {
    this.data = new Int16Array(place.fixed, place.dataOffset, place.capacity);
  }

  override append(cursor: RowCursor, row: number): void {
    this.data[row] = cursor.view.getInt16(cursor.offset, true);
    cursor.offset += 2;
  }
}

/** MEDIUMINT, INT, FLOAT. A float's bits are copied as an integer: no NaN is touched. */
export class Copy4Builder extends ColumnBuilder {
  private data = new Int32Array(0);

  protected override attachData(place: ColumnPlace): void {
    this.data = new Int32Array(place.fixed, place.dataOffset, place.capacity);
  }

  override append(cursor: RowCursor, row: number): void {
    this.data[row] = cursor.view.getInt32(cursor.offset, true);
    cursor.offset += 4;
  }
}

/** BIGINT and DOUBLE, as two 32-bit halves: a BigInt per value would be an allocation per value. */
export class Copy8Builder extends ColumnBuilder {
  private data = new Int32Array(0);

  protected override attachData(place: ColumnPlace): void {
    this.data = new Int32Array(place.fixed, place.dataOffset, place.capacity * 2);
  }

  override append(cursor: RowCursor, row: number): void {
    const at = cursor.offset;
    this.data[row * 2] = cursor.view.getInt32(at, true);
    this.data[row * 2 + 1] = cursor.view.getInt32(at + 4, true);
    cursor.offset = at + 8;
  }
}

/** TINYINT(1) as BOOLEAN: every value but 0 is true, and every value but 0 and 1 is reported. */
export class TinyintBooleanBuilder extends ColumnBuilder {
  private data = new Uint8Array(0);

  protected override attachData(place: ColumnPlace): void {
    this.data = new Uint8Array(place.fixed, place.dataOffset, place.capacity);
  }

  override append(cursor: RowCursor, row: number): void {
    const value = cursor.bytes[cursor.offset++];
    this.data[row] = value === 0 ? 0 : 1;
    if (value > 1) this.rejections.report(this.column, 'not 0 or 1: stored as true');
  }
}

/** BIT(1) as BOOLEAN; the wire has the bits as a big-endian string. */
export class BitBooleanBuilder extends ColumnBuilder {
  private data = new Uint8Array(0);

  protected override attachData(place: ColumnPlace): void {
    this.data = new Uint8Array(place.fixed, place.dataOffset, place.capacity);
  }

  override append(cursor: RowCursor, row: number): void {
    const length = cursor.readLength();
    cursor.offset += length;
    this.data[row] = cursor.bytes[cursor.offset - 1] & 1;
  }
}

/** BIT(2…64) as UBIGINT. */
export class BitNumberBuilder extends ColumnBuilder {
  private data = new Uint8Array(0);

  protected override attachData(place: ColumnPlace): void {
    this.data = new Uint8Array(place.fixed, place.dataOffset, place.capacity * 8);
  }

  override append(cursor: RowCursor, row: number): void {
    const length = cursor.readLength();
    const last = cursor.offset + length - 1;
    const at = row * 8;
    for (let i = 0; i < 8; i++) this.data[at + i] = i < length ? cursor.bytes[last - i] : 0;
    cursor.offset += length;
  }
}

/** MariaDB's UUID, which the wire has as 36 characters; DuckDB flips the top bit so that it sorts. */
export class UuidBuilder extends ColumnBuilder {
  private data = new Uint8Array(0);

  protected override attachData(place: ColumnPlace): void {
    this.data = new Uint8Array(place.fixed, place.dataOffset, place.capacity * 16);
  }

  override append(cursor: RowCursor, row: number): void {
    const end = cursor.readLength() + cursor.offset;
    const at = row * 16;
    let digits = 0;
    for (let i = cursor.offset; i < end; i++) {
      const digit = hexDigit(cursor.bytes[i]);
      if (digit < 0) continue;
      // Most significant first in the text, last in a little-endian 128-bit integer.
      const byte = at + 15 - (digits >> 1);
      this.data[byte] = (digits & 1) === 0 ? digit << 4 : this.data[byte] | digit;
      digits++;
    }
    cursor.offset = end;
    this.data[at + 15] ^= 0x80;
    if (digits !== 32) this.reject(row, 'malformed value');
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
