import duckdb from '@duckdb/node-bindings';
import { type DataType, type Data, List, makeData } from 'apache-arrow';
import { isValid, validityOf } from '../vector-validity.js';

/** Values of a vector that stand one after the other. */
export interface Run {
  readonly from: number;
  readonly count: number;
}

/** A column of a record batch that grows by DuckDB's vectors, copied as memory where they agree. */
export abstract class ColumnBuilder {
  protected rows = 0;
  private nulls = 0;
  private validity = new Uint8Array(1024);

  abstract readonly type: DataType;
  /** Bytes of a value in the vector. */
  protected abstract readonly width: number;

  /** All that is wanted of the vector at once: node-api copies it from its beginning each time. */
  append(vector: duckdb.Vector, runs: readonly Run[]): void {
    const size = runs.reduce((most, { from, count }) => Math.max(most, from + count), 0);
    const bits = validityOf(vector, size);
    const source = duckdb.vector_get_data(vector, size * this.width);
    for (const run of runs) {
      this.appendValidity(bits, run);
      this.appendValues(source, run, bits);
      this.rows += run.count;
    }
    this.close(vector);
  }

  /** What has come since the last time. */
  finish(): Data {
    const data = this.build({
      length: this.rows,
      nullCount: this.nulls,
      nullBitmap: this.nulls === 0 ? null : this.validity.slice(0, (this.rows + 7) >> 3),
    });
    this.validity.fill(0);
    this.rows = 0;
    this.nulls = 0;
    return data;
  }

  protected abstract appendValues(source: Uint8Array, run: Run, validity: Uint8Array | null): void;

  /** After all runs of the vector. */
  protected close(_vector: duckdb.Vector): void {
    // Nothing is left to do for most of them.
  }

  protected abstract build(base: BaseData): Data;

  /** DuckDB's bits are Arrow's: 1 for a value, the lowest first. */
  private appendValidity(bits: Uint8Array | null, { from, count }: Run): void {
    const { rows } = this;
    this.validity = grown(this.validity, (rows + count + 7) >> 3);
    const { validity } = this;
    for (let at = 0; at < count; at++) {
      // Eight at once where nothing is NULL: lists can have millions.
      if (bits === null && ((rows + at) & 7) === 0 && at + 8 <= count) {
        validity[(rows + at) >> 3] = 0xff;
        at += 7;
      } else if (isValid(bits, from + at)) validity[(rows + at) >> 3] |= 1 << ((rows + at) & 7);
      else this.nulls++;
    }
  }
}

interface BaseData {
  readonly length: number;
  readonly nullCount: number;
  readonly nullBitmap: Uint8Array | null;
}

/** Values of a fixed width that is the same on both sides. */
export class FixedBuilder extends ColumnBuilder {
  private values = new Uint8Array(1024);

  constructor(
    readonly type: DataType,
    protected readonly width: number,
  ) {
    super();
  }

  protected appendValues(source: Uint8Array, { from, count }: Run): void {
    const { width, rows } = this;
    this.values = grown(this.values, (rows + count) * width);
    this.values.set(source.subarray(from * width, (from + count) * width), rows * width);
  }

  protected build(base: BaseData): Data {
    const { type, rows, width } = this;
    const bytes = this.values.slice(0, rows * width);
    const { ArrayType } = type as unknown as { ArrayType: TypedArrayType };
    const data = new ArrayType(bytes.buffer, 0, bytes.length / ArrayType.BYTES_PER_ELEMENT);
    return makeData({ type, ...base, data } as never);
  }
}

type TypedArrayType = (new (buffer: ArrayBufferLike, at: number, length: number) => unknown) & {
  readonly BYTES_PER_ELEMENT: number;
};

/** Bytes in DuckDB, bits in Arrow. */
export class BooleanBuilder extends ColumnBuilder {
  protected readonly width = 1;
  private bits = new Uint8Array(1024);

  constructor(readonly type: DataType) {
    super();
  }

  protected appendValues(source: Uint8Array, { from, count }: Run): void {
    const { rows } = this;
    this.bits = grown(this.bits, (rows + count + 7) >> 3);
    for (let at = 0; at < count; at++) {
      if (source[from + at] === 1) this.bits[(rows + at) >> 3] |= 1 << ((rows + at) & 7);
    }
  }

  protected build(base: BaseData): Data {
    const data = this.bits.slice(0, (this.rows + 7) >> 3);
    this.bits.fill(0);
    return makeData({ type: this.type, ...base, data } as never);
  }
}

/** Decimals of up to 18 digits are whole numbers of 2, 4 or 8 bytes in DuckDB, of 16 in Arrow. */
export class NarrowDecimalBuilder extends ColumnBuilder {
  private words = new BigInt64Array(128);

  constructor(
    readonly type: DataType,
    protected readonly width: 2 | 4 | 8,
  ) {
    super();
  }

  protected appendValues(source: Uint8Array, { from, count }: Run): void {
    const { width, rows } = this;
    if ((rows + count) * 2 > this.words.length) {
      const more = new BigInt64Array((rows + count) * 4);
      more.set(this.words);
      this.words = more;
    }
    const view = new DataView(source.buffer, source.byteOffset + from * width, count * width);
    for (let at = 0; at < count; at++) {
      const value = readInteger(view, at * width, width);
      this.words[(rows + at) * 2] = value;
      this.words[(rows + at) * 2 + 1] = value < 0n ? -1n : 0n;
    }
  }

  protected build(base: BaseData): Data {
    const words = this.words.slice(0, this.rows * 2);
    return makeData({ type: this.type, ...base, data: new Uint32Array(words.buffer) } as never);
  }
}

function readInteger(view: DataView, at: number, width: 2 | 4 | 8): bigint {
  if (width === 8) return view.getBigInt64(at, true);
  return BigInt(width === 4 ? view.getInt32(at, true) : view.getInt16(at, true));
}

const STRING_BYTES = 16;
const INLINE_BYTES = 12;
const POINTER_AT = 8;

/** Texts and BLOBs: 16 bytes in the vector, which hold up to 12 or point to more. */
export class StringBuilder extends ColumnBuilder {
  protected readonly width = STRING_BYTES;
  private offsets = new Int32Array(1024);
  private heap = new Uint8Array(64 * 1024);
  private end = 0;

  constructor(readonly type: DataType) {
    super();
  }

  protected appendValues(
    source: Uint8Array,
    { from, count }: Run,
    validity: Uint8Array | null,
  ): void {
    this.reserve(count);
    const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
    for (let at = from; at < from + count; at++) {
      if (isValid(validity, at)) this.appendString(source, view, at * STRING_BYTES);
      this.offsets[this.rows + at - from + 1] = this.end;
    }
  }

  protected build(base: BaseData): Data {
    const valueOffsets = this.offsets.slice(0, this.rows + 1);
    const data = this.heap.slice(0, this.end);
    this.end = 0;
    return makeData({ type: this.type, ...base, valueOffsets, data } as never);
  }

  private appendString(source: Uint8Array, view: DataView, at: number): void {
    const length = view.getUint32(at, true);
    const { end } = this;
    this.heap = grown(this.heap, end + length);
    if (length <= INLINE_BYTES) {
      for (let i = 0; i < length; i++) this.heap[end + i] = source[at + 4 + i];
    } else {
      const offset = source.byteOffset + at + POINTER_AT;
      const buffer = source.buffer as ArrayBuffer;
      this.heap.set(duckdb.get_data_from_pointer(buffer, offset, length), end);
    }
    this.end = end + length;
  }

  private reserve(count: number): void {
    const needed = this.rows + count + 1;
    if (needed <= this.offsets.length) return;
    const more = new Int32Array(needed * 2);
    more.set(this.offsets);
    this.offsets = more;
  }
}

const ENTRY_BYTES = 16;

export class ListBuilder extends ColumnBuilder {
  readonly type: DataType;
  protected readonly width = ENTRY_BYTES;
  private offsets: number[] = [0];
  /** Elements of the vector that is being appended. */
  private elements: Run[] = [];

  constructor(
    field: List['children'][0],
    private readonly child: ColumnBuilder,
  ) {
    super();
    this.type = new List(field);
  }

  protected appendValues(
    source: Uint8Array,
    { from, count }: Run,
    validity: Uint8Array | null,
  ): void {
    const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
    for (let at = from; at < from + count; at++) {
      const length = isValid(validity, at)
        ? Number(view.getBigUint64(at * ENTRY_BYTES + 8, true))
        : 0;
      if (length > 0) {
        addRun(this.elements, Number(view.getBigUint64(at * ENTRY_BYTES, true)), length);
      }
      this.offsets.push(this.offsets.at(-1)! + length);
    }
  }

  protected override close(vector: duckdb.Vector): void {
    this.child.append(duckdb.list_vector_get_child(vector), this.elements);
    this.elements = [];
  }

  protected build(base: BaseData): Data {
    const valueOffsets = Int32Array.from(this.offsets);
    this.offsets = [0];
    return makeData({
      type: this.type,
      ...base,
      valueOffsets,
      child: this.child.finish(),
    } as never);
  }
}

/** Lists stand one behind the other as a rule. */
function addRun(runs: Run[], from: number, count: number): void {
  const last = runs.at(-1);
  if (last !== undefined && last.from + last.count === from) {
    runs[runs.length - 1] = { from: last.from, count: last.count + count };
  } else runs.push({ from, count });
}

function grown(array: Uint8Array<ArrayBuffer>, needed: number): Uint8Array<ArrayBuffer> {
  if (needed <= array.length) return array;
  const more = new Uint8Array(Math.max(needed, array.length * 2));
  more.set(array);
  return more;
}
