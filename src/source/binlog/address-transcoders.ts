import { type ColumnTranscoder, readLength, type Transfer, type ValueSize } from './transfer.js';

/**
 * MariaDB's types of a few bytes that a SELECT shows as text. The binlog says BINARY(n) of them, and
 * leaves out the zero bytes at their end.
 */
abstract class FixedBytesTranscoder implements ColumnTranscoder {
  readonly size: ValueSize = { lengthBytes: 1 };
  readonly maxBytes = 0;
  private readonly value: Uint8Array;

  constructor(bytes: number) {
    this.value = new Uint8Array(bytes);
  }

  transcode(transfer: Transfer): void {
    const length = readLength(transfer, 1);
    const { input, from } = transfer;
    const { value } = this;
    for (let i = 0; i < value.length; i++) value[i] = i < length ? input[from + i] : 0;
    transfer.from = from + length;
    transfer.writeString(Buffer.from(this.format(value), 'latin1'));
  }

  protected abstract format(value: Uint8Array): string;
}

/**
 * UUID. Its segments are stored last first, so that neighbours in time are neighbours in an index,
 * unless it is of version 6 or 7 or no standard one: the variant's bit then is where it was.
 */
export class UuidTranscoder extends FixedBytesTranscoder {
  constructor() {
    super(16);
  }

  protected override format(value: Uint8Array): string {
    const hex = (start: number, end: number): string =>
      Buffer.from(value.subarray(start, end)).toString('hex');
    const isSwapped = (value[6] & 0x80) !== 0 && value[8] > 0 && value[8] < 0x60;
    return isSwapped
      ? [hex(12, 16), hex(10, 12), hex(8, 10), hex(6, 8), hex(0, 6)].join('-')
      : [hex(0, 4), hex(4, 6), hex(6, 8), hex(8, 10), hex(10, 16)].join('-');
  }
}

export class Inet4Transcoder extends FixedBytesTranscoder {
  constructor() {
    super(4);
  }

  protected override format(value: Uint8Array): string {
    return value.join('.');
  }
}

const WORDS = 8;

export class Inet6Transcoder extends FixedBytesTranscoder {
  constructor() {
    super(16);
  }

  protected override format(value: Uint8Array): string {
    const words = Array.from({ length: WORDS }, (_, i) => value[i * 2] * 256 + value[i * 2 + 1]);
    const gap = longestZeros(words);
    const isV4 = gap.start === 0 && (gap.length === 6 || (gap.length === 5 && words[5] === 0xffff));
    const hex = (start: number, end: number): string =>
      words
        .slice(start, end)
        .map((word) => word.toString(16))
        .join(':');
    if (isV4) return `:${gap.length === 6 ? '' : ':ffff'}:${value.subarray(12).join('.')}`;
    if (gap.length === 0) return hex(0, WORDS);
    return `${hex(0, gap.start)}::${hex(gap.start + gap.length, WORDS)}`;
  }
}

/** The first of the longest runs of zeros, which are written as two colons. */
function longestZeros(words: readonly number[]): { start: number; length: number } {
  let longest = { start: 0, length: 0 };
  for (let start = 0; start < words.length; start++) {
    let end = start;
    while (end < words.length && words[end] === 0) end++;
    if (end - start > longest.length) longest = { start, length: end - start };
  }
  return longest;
}
