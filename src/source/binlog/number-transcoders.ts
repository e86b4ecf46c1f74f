import type { ColumnTranscoder, Transfer, ValueSize } from './transfer.js';

/** TINYINT. */
export class Copy1Transcoder implements ColumnTranscoder {
  readonly size: ValueSize = { bytes: 1 };
  readonly maxBytes = 1;

  transcode(transfer: Transfer): void {
    transfer.output[transfer.to++] = transfer.input[transfer.from++];
  }
}

/** SMALLINT. */
export class Copy2Transcoder implements ColumnTranscoder {
  readonly size: ValueSize = { bytes: 2 };
  readonly maxBytes = 2;

  transcode(transfer: Transfer): void {
    const { from, to, input, output } = transfer;
    output[to] = input[from];
    output[to + 1] = input[from + 1];
    transfer.from = from + 2;
    transfer.to = to + 2;
  }
}

/** INT and FLOAT. */
export class Copy4Transcoder implements ColumnTranscoder {
  readonly size: ValueSize = { bytes: 4 };
  readonly maxBytes = 4;

  transcode(transfer: Transfer): void {
    const { from, to } = transfer;
    transfer.outputView.setInt32(to, transfer.inputView.getInt32(from, true), true);
    transfer.from = from + 4;
    transfer.to = to + 4;
  }
}

/** BIGINT and DOUBLE. */
export class Copy8Transcoder implements ColumnTranscoder {
  readonly size: ValueSize = { bytes: 8 };
  readonly maxBytes = 8;

  transcode(transfer: Transfer): void {
    const { from, to, inputView, outputView } = transfer;
    outputView.setInt32(to, inputView.getInt32(from, true), true);
    outputView.setInt32(to + 4, inputView.getInt32(from + 4, true), true);
    transfer.from = from + 8;
    transfer.to = to + 8;
  }
}

/** MEDIUMINT: 3 bytes, 4 in the protocol. */
export class MediumTranscoder implements ColumnTranscoder {
  readonly size: ValueSize = { bytes: 3 };
  readonly maxBytes = 4;

  constructor(private readonly unsigned: boolean) {}

  transcode(transfer: Transfer): void {
    const { from, to, input } = transfer;
    const high = input[from + 2];
    const value = input[from] | (input[from + 1] << 8) | (high << 16);
    const sign = this.unsigned || high < 0x80 ? 0 : 0xff00_0000;
    transfer.outputView.setInt32(to, value | sign, true);
    transfer.from = from + 3;
    transfer.to = to + 4;
  }
}

/** FLOAT and DOUBLE of MariaDB, which stores a zero's sign and shows it to nobody. */
export class MariaDbFloatTranscoder implements ColumnTranscoder {
  readonly size: ValueSize;
  readonly maxBytes: number;

  constructor(private readonly bytes: 4 | 8) {
    this.size = { bytes };
    this.maxBytes = bytes;
  }

  transcode(transfer: Transfer): void {
    const { from, to, inputView, outputView } = transfer;
    if (this.bytes === 4) {
      const bits = inputView.getInt32(from, true);
      outputView.setInt32(to, bits === -0x8000_0000 ? 0 : bits, true);
    } else {
      const low = inputView.getInt32(from, true);
      const high = inputView.getInt32(from + 4, true);
      outputView.setInt32(to, low, true);
      outputView.setInt32(to + 4, low === 0 && high === -0x8000_0000 ? 0 : high, true);
    }
    transfer.from = from + this.bytes;
    transfer.to = to + this.bytes;
  }
}

/** YEAR: one byte, the years since 1900; 0 is 0. */
export class YearTranscoder implements ColumnTranscoder {
  readonly size: ValueSize = { bytes: 1 };
  readonly maxBytes = 2;

  transcode(transfer: Transfer): void {
    const byte = transfer.input[transfer.from++];
    transfer.outputView.setUint16(transfer.to, byte === 0 ? 0 : 1900 + byte, true);
    transfer.to += 2;
  }
}

/** BIT: as many big-endian bytes as it has bits for, in the protocol with their number before. */
export class BitTranscoder implements ColumnTranscoder {
  readonly size: ValueSize;
  readonly maxBytes: number;

  constructor(private readonly bytes: number) {
    this.size = { bytes };
    this.maxBytes = bytes + 1;
  }

  transcode(transfer: Transfer): void {
    const { input, output, from, to } = transfer;
    const bytes = this.bytes;
    output[to] = bytes;
    for (let i = 0; i < bytes; i++) output[to + 1 + i] = input[from + i];
    transfer.from = from + bytes;
    transfer.to = to + 1 + bytes;
  }
}

/** DECIMAL's digits come in groups of so many. */
export const GROUP_DIGITS = 9;
/** Bytes of a group of 0 to 9 digits. */
export const GROUP_BYTES = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4];
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;

/**
 * DECIMAL: groups of nine digits in four big-endian bytes, shorter ones at both ends in fewer; the
 * first bit is flipped, and a negative number has all of them inverted. The protocol has it as text.
 */
export class DecimalTranscoder implements ColumnTranscoder {
  readonly size: ValueSize;
  readonly maxBytes: number;
  private readonly bytes: number;
  /** Digits of each group before the point, and behind it. */
  private readonly wholeGroups: readonly number[];
  private readonly scaleGroups: readonly number[];

  /** `zerofill`: with all digits before the point, as the server prints such a column. */
  constructor(
    precision: number,
    scale: number,
    private readonly zerofill: boolean,
  ) {
    const whole = precision - scale;
    const rest = whole % GROUP_DIGITS;
    const full = (digits: number): number[] =>
      Array.from({ length: Math.floor(digits / GROUP_DIGITS) }, () => GROUP_DIGITS);
    this.wholeGroups = [...(rest === 0 ? [] : [rest]), ...full(whole)];
    const tail = scale % GROUP_DIGITS;
    this.scaleGroups = [...full(scale), ...(tail === 0 ? [] : [tail])];
    this.bytes = [...this.wholeGroups, ...this.scaleGroups].reduce(
      (sum, digits) => sum + GROUP_BYTES[digits],
      0,
    );
    this.size = { bytes: this.bytes };
    // Length, sign, a zero before the point, the point.
    this.maxBytes = precision + 4;
  }

  transcode(transfer: Transfer): void {
    const { input, output } = transfer;
    const begin = transfer.to;
    const invert = (input[transfer.from] & 0x80) === 0 ? 0xff : 0;
    let from = transfer.from;
    let to = begin + 1;
    if (invert !== 0) output[to++] = MINUS;
    const wholeAt = to;
    let flip = invert ^ 0x80;
    for (const digits of this.wholeGroups) {
      const value = readGroup(input, from, GROUP_BYTES[digits], flip, invert);
      flip = invert;
      from += GROUP_BYTES[digits];
      to =
        to === wholeAt && !this.zerofill
          ? writeNumber(output, to, value)
          : writeDigits(output, to, value, digits);
    }
    if (to === wholeAt) output[to++] = ZERO;
    if (this.scaleGroups.length > 0) output[to++] = POINT;
    for (const digits of this.scaleGroups) {
      const value = readGroup(input, from, GROUP_BYTES[digits], flip, invert);
      flip = invert;
      from += GROUP_BYTES[digits];
      to = writeDigits(output, to, value, digits);
    }
    output[begin] = to - begin - 1;
    transfer.from = from;
    transfer.to = to;
  }
}

/** At most 9 digits in at most 4 bytes: all of it in whole 32-bit numbers. */
function readGroup(
  input: Uint8Array,
  at: number,
  bytes: number,
  firstFlip: number,
  flip: number,
): number {
  let value = input[at] ^ firstFlip;
  for (let i = 1; i < bytes; i++) value = (value << 8) | (input[at + i] ^ flip);
  return value;
}

/** `digits` digits, with leading zeros; returns the position behind them. */
function writeDigits(output: Uint8Array, at: number, value: number, digits: number): number {
  let rest = value | 0;
  for (let i = digits - 1; i >= 0; i--) {
    const tenth = (rest / 10) | 0;
    output[at + i] = ZERO + (rest - Math.imul(tenth, 10));
    rest = tenth;
  }
  return at + digits;
}

/** Without leading zeros: nothing at all for 0. */
function writeNumber(output: Uint8Array, at: number, value: number): number {
  let digits = 0;
  for (let bound = 1; bound <= value; bound *= 10) digits++;
  return writeDigits(output, at, value, digits);
}
