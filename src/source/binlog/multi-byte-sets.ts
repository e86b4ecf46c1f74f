import type { SourceSession } from '../connect.js';
import {
  type CharacterLength,
  MultiByteConversion,
  type TextConversion,
  UNKNOWN,
} from './text-conversion.js';

/** By set how many bytes a character has whose first byte is at least 0x80. */
const LENGTHS: Readonly<Record<string, CharacterLength>> = {
  gbk: twoBytes,
  gb2312: twoBytes,
  euckr: twoBytes,
  big5: twoBytes,
  sjis: shiftJisLength,
  cp932: shiftJisLength,
  ujis: japaneseEucLength,
  eucjpms: japaneseEucLength,
  gb18030: (first, second) =>
    first === 0x80 || first === 0xff ? 1 : second >= 0x30 && second <= 0x39 ? 4 : 2,
};

function twoBytes(first: number): number {
  return first === 0x80 || first === 0xff ? 1 : 2;
}

/** Single bytes from 0xA1 to 0xDF are half-width katakana. */
function shiftJisLength(first: number): number {
  return first === 0x80 || (first >= 0xa0 && first <= 0xdf) || first > 0xfc ? 1 : 2;
}

function japaneseEucLength(first: number): number {
  if (first === 0x8f) return 3;
  return first === 0x8e || (first >= 0xa1 && first !== 0xff) ? 2 : 1;
}

export function isMultiByteSet(name: string): boolean {
  return name in LENGTHS;
}

/** Asks the server for the code points of a set's characters: some ten thousand rows. */
export async function readMultiByteConversion(
  session: SourceSession,
  name: string,
): Promise<TextConversion> {
  const codes = new Uint32Array(0x10000).fill(UNKNOWN);
  await readCodes(session, name, 'n', 0x10000, codes);
  return new MultiByteConversion(codes, LENGTHS[name], await readLonger(session, name));
}

type Longer = (input: Uint8Array, at: number, length: number) => number;

async function readLonger(session: SourceSession, name: string): Promise<Longer> {
  switch (name) {
    case 'ujis':
    case 'eucjpms':
      return readThreeByteCodes(session, name);
    case 'gb18030':
      return readFourByteCodes(session);
    default:
      return () => UNKNOWN;
  }
}

/** 0x8F and two more bytes. */
async function readThreeByteCodes(session: SourceSession, name: string): Promise<Longer> {
  const codes = new Uint32Array(0x10000).fill(UNKNOWN);
  await readCodes(session, name, '0x8F0000 + n', 0x10000, codes);
  return (input, at) => codes[input[at + 1] * 256 + input[at + 2]];
}

/** Characters of four bytes count on from 81308130, the last byte has ten values, and so on. */
const BMP_FOUR_BYTE_CODES = 39_420;
/** 90308130, where U+10000 is. */
const SUPPLEMENTARY = 189_000;

async function readFourByteCodes(session: SourceSession): Promise<Longer> {
  const codes = new Uint32Array(BMP_FOUR_BYTE_CODES).fill(UNKNOWN);
  const bytes =
    '(0x81 + n DIV 12600) * 0x1000000 + (0x30 + n DIV 1260 MOD 10) * 0x10000 + ' +
    '(0x81 + n DIV 10 MOD 126) * 0x100 + 0x30 + n MOD 10';
  await readCodes(session, 'gb18030', bytes, BMP_FOUR_BYTE_CODES, codes);
  return (input, at) => {
    const index =
      (((input[at] - 0x81) * 10 + input[at + 1] - 0x30) * 126 + input[at + 2] - 0x81) * 10 +
      (input[at + 3] - 0x30);
    if (index < BMP_FOUR_BYTE_CODES) return codes[index];
    const code = 0x10000 + index - SUPPLEMENTARY;
    return index >= SUPPLEMENTARY && code <= 0x10ffff ? code : UNKNOWN;
  };
}

const DIGITS = Array.from({ length: 16 }, (_, digit) => `SELECT ${digit} AS d`).join(' UNION ALL ');

/** For each number `n` below `count` the code point of the character whose bytes are `bytes`. */
async function readCodes(
  session: SourceSession,
  name: string,
  bytes: string,
  count: number,
  codes: Uint32Array,
): Promise<void> {
  const rows = await session.query<{ n: string | number; utf8: string }>(
    `SELECT n AS n, utf8 AS utf8 FROM
       (SELECT n, HEX(CONVERT(CHAR(${bytes} USING ${name}) USING utf8mb4)) AS utf8 FROM
         (SELECT a.d * 4096 + b.d * 256 + c.d * 16 + d.d AS n
            FROM (${DIGITS}) a, (${DIGITS}) b, (${DIGITS}) c, (${DIGITS}) d) numbers
        WHERE n < ${count}) characters
      WHERE utf8 IS NOT NULL AND utf8 <> '3F'`,
  );
  for (const { n, utf8 } of rows) {
    const character = Buffer.from(utf8, 'hex').toString('utf8');
    const code = character.codePointAt(0);
    // Bytes that are no character come as several, or as none.
    if (code !== undefined && character.length === (code > 0xffff ? 2 : 1)) codes[Number(n)] = code;
  }
}
