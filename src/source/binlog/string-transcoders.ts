import { inflateRawSync, inflateSync } from 'node:zlib';
import { binaryJsonText } from './binary-json.js';
import { MAX_GROWTH, type TextConversion } from './text-conversion.js';
import {
  type ColumnTranscoder,
  MAX_SHORT_LENGTH,
  readLength,
  type Transfer,
  type ValueSize,
} from './transfer.js';

type LengthBytes = 1 | 2 | 3 | 4;

/** Bytes with their length before them, copied: BLOB, GEOMETRY, VECTOR, VARBINARY and text in UTF-8. */
export class BytesTranscoder implements ColumnTranscoder {
  readonly size: ValueSize;
  readonly maxBytes = 0;

  constructor(private readonly lengthBytes: LengthBytes) {
    this.size = { lengthBytes };
  }

  transcode(transfer: Transfer): void {
    transfer.copyString(readLength(transfer, this.lengthBytes));
  }
}

/** CHAR, VARCHAR and TEXT in other character sets. */
export class TextTranscoder implements ColumnTranscoder {
  readonly size: ValueSize;
  readonly maxBytes = 0;

  constructor(
    private readonly lengthBytes: LengthBytes,
    private readonly conversion: TextConversion,
  ) {
    this.size = { lengthBytes };
  }

  transcode(transfer: Transfer): void {
    const length = readLength(transfer, this.lengthBytes);
    const { from } = transfer;
    convertString(transfer, this.conversion, transfer.input, from, from + length);
    transfer.from = from + length;
  }
}

function convertString(
  transfer: Transfer,
  conversion: TextConversion,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  const begin = transfer.beginString((end - start) * MAX_GROWTH);
  transfer.to = conversion.convert(bytes, start, end, transfer.output, transfer.to);
  transfer.endString(begin);
}

/** BINARY(n): stored without the zero bytes at its end, which a SELECT shows. */
export class BinaryTranscoder implements ColumnTranscoder {
  readonly size: ValueSize = { lengthBytes: 1 };
  readonly maxBytes = 0;

  constructor(private readonly bytes: number) {}

  transcode(transfer: Transfer): void {
    const length = readLength(transfer, 1);
    const begin = transfer.beginString(this.bytes);
    const { input, output, from, to } = transfer;
    for (let i = 0; i < length; i++) output[to + i] = input[from + i];
    output.fill(0, to + length, to + this.bytes);
    transfer.from = from + length;
    transfer.to = to + this.bytes;
    transfer.endString(begin);
  }
}

/** ENUM: the member's number from 1 on; 0 is what was no member, and shows as the empty string. */
export class EnumTranscoder implements ColumnTranscoder {
  readonly size: ValueSize;
  readonly maxBytes: number;
  private readonly texts: readonly Uint8Array[];
  /** Each member's text behind its length, `words` words each; none where one is too long for that. */
  private readonly strings: Int32Array;
  private readonly words: number;

  /** `members` in UTF-8. */
  constructor(
    private readonly bytes: number,
    members: readonly Uint8Array[],
  ) {
    this.size = { bytes };
    this.texts = [new Uint8Array(0), ...members];
    const longest = Math.max(...this.texts.map(({ length }) => length));
    this.words = longest > MAX_SHORT_LENGTH ? 0 : (longest + 4) >> 2;
    this.maxBytes = this.words * 4;
    this.strings = new Int32Array(this.words * this.texts.length);
    if (this.words === 0) return;
    const strings = Buffer.from(this.strings.buffer);
    this.texts.forEach((text, at) => {
      strings[at * this.maxBytes] = text.length;
      strings.set(text, at * this.maxBytes + 1);
    });
  }

  transcode(transfer: Transfer): void {
    const { input, from, to } = transfer;
    const index = this.bytes === 1 ? input[from] : input[from] | (input[from + 1] << 8);
    if (index >= this.texts.length) throw new Error(`malformed row image: ENUM member ${index}`);
    transfer.from = from + this.bytes;
    if (this.words === 0) {
      transfer.writeString(this.texts[index]);
      return;
    }
    const { strings, words } = this;
    const { output, outputView } = transfer;
    // Whole words, of which what follows overwrites the end.
    for (let i = 0; i < words; i++)
      outputView.setInt32(to + i * 4, strings[index * words + i], true);
    transfer.to = to + 1 + output[to];
  }
}

const COMMA = 0x2c;

/** SET: a bit for each member, the lowest first. */
export class SetTranscoder implements ColumnTranscoder {
  readonly size: ValueSize;
  readonly maxBytes = 0;
  private readonly textBytes: number;

  /** `members` in UTF-8. */
  constructor(
    private readonly bytes: number,
    private readonly members: readonly Uint8Array[],
  ) {
    this.size = { bytes };
    this.textBytes = members.reduce((sum, member) => sum + member.length + 1, 0);
  }

  transcode(transfer: Transfer): void {
    const begin = transfer.beginString(this.textBytes);
    const { input, output, from } = transfer;
    const start = transfer.to;
    let to = start;
    let isFirst = true;
    for (let at = 0; at < this.members.length; at++) {
      if ((input[from + (at >> 3)] & (1 << (at & 7))) === 0) continue;
      if (!isFirst) output[to++] = COMMA;
      isFirst = false;
      output.set(this.members[at], to);
      to += this.members[at].length;
    }
    transfer.from = from + this.bytes;
    transfer.to = to;
    transfer.endString(begin);
  }
}

/** MySQL's JSON: its binary form as the text that the server shows. */
export class JsonTranscoder implements ColumnTranscoder {
  readonly size: ValueSize;
  readonly maxBytes = 0;

  constructor(private readonly lengthBytes: LengthBytes) {
    this.size = { lengthBytes };
  }

  transcode(transfer: Transfer): void {
    const length = readLength(transfer, this.lengthBytes);
    const { from } = transfer;
    transfer.writeString(Buffer.from(binaryJsonText(transfer.input, from, from + length), 'utf8'));
    transfer.from = from + length;
  }
}

const NOT_COMPRESSED = 0;
const ZLIB = 8;

/**
 * MariaDB's COMPRESSED columns: a byte with the method (4 bits), whether the stream has no head (1 bit)
 * and the bytes of the length that follows (3 bits), the length, the stream; nothing for an empty value.
 */
export class CompressedTranscoder implements ColumnTranscoder {
  readonly size: ValueSize;
  readonly maxBytes = 0;

  constructor(
    private readonly lengthBytes: LengthBytes,
    private readonly conversion: TextConversion | null,
  ) {
    this.size = { lengthBytes };
  }

  transcode(transfer: Transfer): void {
    const length = readLength(transfer, this.lengthBytes);
    const { input, from } = transfer;
    const bytes = length === 0 ? input.subarray(from, from) : inflate(input, from, from + length);
    if (this.conversion === null) transfer.writeString(bytes);
    else convertString(transfer, this.conversion, bytes, 0, bytes.length);
    transfer.from = from + length;
  }
}

function inflate(input: Uint8Array, start: number, end: number): Uint8Array {
  const head = input[start];
  const method = head >> 4;
  if (method === NOT_COMPRESSED) return input.subarray(start + 1, end);
  if (method !== ZLIB) throw new Error(`malformed row image: compressed by unknown way ${method}`);
  const stream = input.subarray(start + 1 + (head & 0x07), end);
  return (head & 0x08) !== 0 ? inflateRawSync(stream) : inflateSync(stream);
}
