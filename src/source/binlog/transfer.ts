const INITIAL_BYTES = 16 * 1024;
/** A buffer that a long value has stretched beyond this is given up behind its row. */
const MAX_KEPT_BYTES = 1024 * 1024;
/** Up to this length a loop beats the native copy's call overhead. */
const NATIVE_COPY_BYTES = 160;
/** Up to this length a string's length is a single byte. */
export const MAX_SHORT_LENGTH = 0xfa;
const LONG_PREFIX = 0xfe;
const LONG_PREFIX_BYTES = 9;

/**
 * The row image that is read and the row of the binary protocol that is written from it. `from` and
 * `to` are how far both have come.
 */
export class Transfer {
  input: Uint8Array = new Uint8Array(0);
  inputView: DataView = new DataView(new ArrayBuffer(0));
  from = 0;
  output: Uint8Array = new Uint8Array(0);
  outputView: DataView = new DataView(new ArrayBuffer(0));
  to = 0;

  /** `fixedBytes`: what all of a row's values take that call no `reserve`. */
  constructor(private readonly fixedBytes: number) {
    this.allot(0);
  }

  /** Takes the bytes to read from: mostly those that it has, of the same socket buffer. */
  attach(bytes: Uint8Array): void {
    if (bytes === this.input) return;
    this.input = bytes;
    this.inputView = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Begins a row at the start of `output`, whose first `bytes` are left to the caller. */
  startRow(bytes: number): void {
    if (this.output.length > MAX_KEPT_BYTES + this.fixedBytes) this.allot(0);
    this.to = bytes;
  }

  /** Makes room for `bytes` more, beside the values of fixed size. */
  reserve(bytes: number): void {
    const needed = this.to + bytes + this.fixedBytes;
    if (needed <= this.output.length) return;
    const before = this.output;
    this.allot(needed);
    this.output.set(before.subarray(0, this.to));
  }

  /** Writes `length` bytes at `from` as a string, and goes on behind them. */
  copyString(length: number): void {
    this.reserve(length + LONG_PREFIX_BYTES);
    this.writeLength(length);
    const { from, to } = this;
    this.from = from + length;
    this.to = to + length;
    if (length > NATIVE_COPY_BYTES) {
      this.output.set(this.input.subarray(from, from + length), to);
    } else if (from + length + 3 <= this.input.length) {
      // By words: up to three bytes too many, which what follows overwrites.
      const { inputView, outputView } = this;
      for (let i = 0; i < length; i += 4) {
        outputView.setInt32(to + i, inputView.getInt32(from + i, true), true);
      }
    } else {
      for (let i = 0; i < length; i++) this.output[to + i] = this.input[from + i];
    }
  }

  /** Writes a string of other bytes. */
  writeString(bytes: Uint8Array): void {
    this.reserve(bytes.length + LONG_PREFIX_BYTES);
    this.writeLength(bytes.length);
    this.output.set(bytes, this.to);
    this.to += bytes.length;
  }

  /** Begins a string of at most `bytes`, which the caller writes at `to`; returns what `endString` takes. */
  beginString(bytes: number): number {
    this.reserve(bytes + LONG_PREFIX_BYTES);
    const begin = this.to;
    const isShort = bytes <= MAX_SHORT_LENGTH;
    this.output[begin] = isShort ? 0 : LONG_PREFIX;
    this.to = begin + (isShort ? 1 : LONG_PREFIX_BYTES);
    return begin;
  }

  /** Ends the string at `to`. */
  endString(begin: number): void {
    if (this.output[begin] === LONG_PREFIX) {
      const length = this.to - begin - LONG_PREFIX_BYTES;
      this.outputView.setUint32(begin + 1, length, true);
      this.outputView.setUint32(begin + 5, 0, true);
    } else {
      this.output[begin] = this.to - begin - 1;
    }
  }

  private writeLength(length: number): void {
    if (length <= MAX_SHORT_LENGTH) {
      this.output[this.to++] = length;
      return;
    }
    this.output[this.to] = LONG_PREFIX;
    this.outputView.setUint32(this.to + 1, length, true);
    this.outputView.setUint32(this.to + 5, 0, true);
    this.to += LONG_PREFIX_BYTES;
  }

  private allot(bytes: number): void {
    const size = Math.max(INITIAL_BYTES + this.fixedBytes, Math.ceil(bytes * 1.25));
    this.output = new Uint8Array(size);
    this.outputView = new DataView(this.output.buffer);
  }
}

/** How many bytes a value has in a row image: always as many, or as a length before it says. */
export type ValueSize = { readonly bytes: number } | { readonly lengthBytes: 1 | 2 | 3 | 4 };

/** Turns one column's values from their form in row images into that of the binary protocol. */
export interface ColumnTranscoder {
  readonly size: ValueSize;
  /** The most bytes that a value takes in the row, where it does not call `reserve`; else 0. */
  readonly maxBytes: number;
  /** Reads the value at `from` and writes it at `to`, and moves both behind it. */
  transcode(transfer: Transfer): void;
}

/** Reads the length before a value and moves behind it. */
export function readLength(transfer: Transfer, lengthBytes: 1 | 2 | 3 | 4): number {
  const at = transfer.from;
  transfer.from = at + lengthBytes;
  const { input } = transfer;
  switch (lengthBytes) {
    case 1:
      return input[at];
    case 2:
      return input[at] | (input[at + 1] << 8);
    case 3:
      return input[at] | (input[at + 1] << 8) | (input[at + 2] << 16);
    case 4:
      return transfer.inputView.getUint32(at, true);
  }
}
