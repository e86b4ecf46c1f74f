/** Turns text of a character set into UTF-8, as the server does. */
export interface TextConversion {
  /**
   * Converts `input` from `start` to `end` and writes it to `output`, which has room for
   * `MAX_GROWTH` bytes for each of the input; returns the position behind what was written.
   */
  convert(input: Uint8Array, start: number, end: number, output: Uint8Array, to: number): number;
}

/** The most bytes of UTF-8 that a byte of any character set becomes. */
export const MAX_GROWTH = 3;

/** What stands for bytes that are no character, or one that Unicode lacks: as the server puts it. */
export const UNKNOWN = 0x3f;

/** UTF-8 of a code point; half surrogates are written like all others, and are refused later. */
function writeCodePoint(output: Uint8Array, to: number, code: number): number {
  if (code < 0x80) {
    output[to] = code;
    return to + 1;
  }
  if (code < 0x800) {
    output[to] = 0xc0 | (code >> 6);
    output[to + 1] = 0x80 | (code & 0x3f);
    return to + 2;
  }
  if (code < 0x10000) {
    output[to] = 0xe0 | (code >> 12);
    output[to + 1] = 0x80 | ((code >> 6) & 0x3f);
    output[to + 2] = 0x80 | (code & 0x3f);
    return to + 3;
  }
  output[to] = 0xf0 | (code >> 18);
  output[to + 1] = 0x80 | ((code >> 12) & 0x3f);
  output[to + 2] = 0x80 | ((code >> 6) & 0x3f);
  output[to + 3] = 0x80 | (code & 0x3f);
  return to + 4;
}

/** One byte a character, by the server's own table of their 256 code points. */
export class SingleByteConversion implements TextConversion {
  constructor(private readonly codes: Uint16Array) {}

  convert(input: Uint8Array, start: number, end: number, output: Uint8Array, to: number): number {
    const { codes } = this;
    let at = to;
    for (let i = start; i < end; i++) {
      const code = codes[input[i]];
      if (code < 0x80) output[at++] = code;
      else at = writeCodePoint(output, at, code);
    }
    return at;
  }
}

/** How many bytes a character has whose first two are these. */
export type CharacterLength = (first: number, second: number) => number;

/** Characters of one or two bytes, and more where `longer` knows them. */
export class MultiByteConversion implements TextConversion {
  /** `codes`: for every character of one or two bytes its code point. */
  constructor(
    private readonly codes: Uint32Array,
    private readonly lengthOf: CharacterLength,
    private readonly longer: (input: Uint8Array, at: number, length: number) => number,
  ) {}

  convert(input: Uint8Array, start: number, end: number, output: Uint8Array, to: number): number {
    const { codes } = this;
    let at = to;
    let i = start;
    while (i < end) {
      const first = input[i];
      const length = first < 0x80 ? 1 : this.lengthOf(first, i + 1 < end ? input[i + 1] : 0);
      if (i + length > end) return writeCodePoint(output, at, UNKNOWN);
      if (length === 1) at = writeCodePoint(output, at, codes[first]);
      else if (length === 2) at = writeCodePoint(output, at, codes[first * 256 + input[i + 1]]);
      else at = writeCodePoint(output, at, this.longer(input, i, length));
      i += length;
    }
    return at;
  }
}

/** ucs2, utf16 (big-endian) and utf16le; `pairs`: two surrogates are one character. */
export class Utf16Conversion implements TextConversion {
  private readonly high: 0 | 1;

  constructor(
    littleEndian: boolean,
    private readonly pairs: boolean,
  ) {
    this.high = littleEndian ? 1 : 0;
  }

  convert(input: Uint8Array, start: number, end: number, output: Uint8Array, to: number): number {
    const { high } = this;
    let at = to;
    for (let i = start; i + 1 < end; i += 2) {
      let code = (input[i + high] << 8) | input[i + 1 - high];
      if (this.pairs && (code & 0xfc00) === 0xd800 && i + 3 < end) {
        const second = (input[i + 2 + high] << 8) | input[i + 3 - high];
        code = 0x10000 + ((code & 0x3ff) << 10) + (second & 0x3ff);
        i += 2;
      }
      at = writeCodePoint(output, at, code);
    }
    return at;
  }
}

/** utf32, big-endian. */
export class Utf32Conversion implements TextConversion {
  convert(input: Uint8Array, start: number, end: number, output: Uint8Array, to: number): number {
    let at = to;
    for (let i = start; i + 3 < end; i += 4) {
      const code = (input[i + 1] << 16) | (input[i + 2] << 8) | input[i + 3];
      at = writeCodePoint(output, at, code);
    }
    return at;
  }
}
