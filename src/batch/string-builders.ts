import { isUtf8 } from 'node:buffer';
import { ColumnBuilder, type ColumnPlace } from './builder.js';
import type { RowCursor } from './row-cursor.js';
import type { StringHeap } from './string-heap.js';

/** DuckDB keeps strings up to this length inside the 16-byte string_t. */
const INLINE_BYTES = 12;
const HIGH_BITS = 0x80808080 | 0;

/** For each length 0…12 the masks that keep its bytes of three little-endian words. */
const INLINE_MASKS = inlineMasks();

function inlineMasks(): Int32Array {
  const bytes = new Uint8Array((INLINE_BYTES + 1) * INLINE_BYTES);
  for (let length = 0; length <= INLINE_BYTES; length++) {
    bytes.fill(0xff, length * INLINE_BYTES, length * INLINE_BYTES + length);
  }
  return new Int32Array(bytes.buffer);
}

/** Writes byte strings as string_t; `check` says whether they have to be UTF-8. */
abstract class StringBuilder extends ColumnBuilder {
  protected data = new Int32Array(0);
  protected heap!: StringHeap;

  protected override attachData(place: ColumnPlace): void {
    this.data = new Int32Array(place.fixed, place.dataOffset, place.capacity * 4);
    this.heap = place.heap;
  }

  override appendNull(row: number): void {
    // DuckDB may look at the length of a NULL string.
    const at = row * 4;
    this.data[at] = 0;
    this.data[at + 1] = 0;
    this.data[at + 2] = 0;
    this.data[at + 3] = 0;
    super.appendNull(row);
  }

  /** Writes the `length` bytes at the cursor; returns a high bit if they may not be ASCII. */
  protected write(cursor: RowCursor, row: number, length: number): number {
    return length <= INLINE_BYTES
      ? this.writeInline(cursor, row, length)
      : this.writeLong(cursor, row, length);
  }

  private writeInline(cursor: RowCursor, row: number, length: number): number {
    const data = this.data;
    const at = row * 4;
    const source = cursor.offset;
    data[at] = length;
    if (source + INLINE_BYTES > cursor.bytes.length) {
      return this.writeInlineAtEnd(cursor, at, length);
    }
    const mask = length * 3;
    const view = cursor.view;
    const first = view.getInt32(source, true) & INLINE_MASKS[mask];
    const second = view.getInt32(source + 4, true) & INLINE_MASKS[mask + 1];
    const third = view.getInt32(source + 8, true) & INLINE_MASKS[mask + 2];
    data[at + 1] = first;
    data[at + 2] = second;
    data[at + 3] = third;
    return (first | second | third) & HIGH_BITS;
  }

  /** The same where twelve bytes can't be read because the socket buffer ends before. */
  private writeInlineAtEnd(cursor: RowCursor, at: number, length: number): number {
    const words = [0, 0, 0];
    for (let i = 0; i < length; i++) {
      words[i >> 2] |= cursor.bytes[cursor.offset + i] << ((i & 3) * 8);
    }
    this.data.set(words, at + 1);
    return (words[0] | words[1] | words[2]) & HIGH_BITS;
  }

  private writeLong(cursor: RowCursor, row: number, length: number): number {
    const data = this.data;
    const at = row * 4;
    data[at] = length;
    data[at + 1] = cursor.view.getInt32(cursor.offset, true);
    data[at + 2] = this.heap.used | 0;
    data[at + 3] = 0;
    return this.heap.append(cursor, length);
  }
}

/** CHAR, VARCHAR, TEXT, ENUM, SET, JSON: UTF-8, checked; ASCII is told on the way at no cost. */
export class TextBuilder extends StringBuilder {
  override append(cursor: RowCursor, row: number): void {
    const length = cursor.readLength();
    const heapUsed = this.heap.used;
    const notAscii = this.write(cursor, row, length);
    if (notAscii !== 0 && !isUtf8(cursor.bytes.subarray(cursor.offset, cursor.offset + length))) {
      this.heap.used = heapUsed;
      this.reject(row, 'invalid UTF-8');
    }
    cursor.offset += length;
  }
}

/** BINARY, VARBINARY, BLOB: byte for byte. */
export class BytesBuilder extends StringBuilder {
  override append(cursor: RowCursor, row: number): void {
    const length = cursor.readLength();
    this.appendBytes(cursor, row, length);
    cursor.offset += length;
  }

  /** The same where the length is known; the cursor stays. */
  appendBytes(cursor: RowCursor, row: number, length: number): void {
    this.write(cursor, row, length);
  }
}

const SRID_BYTES = 4;

/** GEOMETRY: the wire has a 4-byte SRID and WKB, DuckDB's vector the WKB. */
export class GeometryBuilder extends StringBuilder {
  override append(cursor: RowCursor, row: number): void {
    const length = cursor.readLength();
    const end = cursor.offset + length;
    if (length <= SRID_BYTES) {
      this.reject(row, 'malformed value');
    } else {
      cursor.offset += SRID_BYTES;
      this.write(cursor, row, length - SRID_BYTES);
    }
    cursor.offset = end;
  }
}

/** VECTOR: float32 values, as number of elements (u64) and offset in the heap in bytes (u64). */
export class VectorBuilder extends StringBuilder {
  override append(cursor: RowCursor, row: number): void {
    const length = cursor.readLength();
    const at = row * 4;
    this.data[at] = length >> 2;
    this.data[at + 1] = 0;
    this.data[at + 2] = this.heap.used | 0;
    this.data[at + 3] = 0;
    this.heap.appendNative(cursor, length);
    cursor.offset += length;
  }
}
