import { quoteMysqlText } from '../common/identifiers.js';
import type { ColumnSchema } from '../model/table-schema.js';

/**
 * How the values of a key column are cut in halves. A value is the text that MySQL prints (hex for
 * byte strings). Midpoints need not be existing keys; only the balance of ranges depends on them.
 */
export interface KeySpace {
  /** How the column is selected as text. */
  select(column: string): string;
  /** The value as SQL that compares with the column in the column's own order. */
  literal(value: string): string;
  /** A value above `low` and not above `high`, about halfway; null if there is none between. */
  midpoint(low: string, high: string): string | null;
  /** Distance as a number of possible values, for spaces in which that tells about rows. */
  span(low: string, high: string): number | null;
  /** True where midpoints are only guesses in the column's order (collations). */
  readonly isApproximate: boolean;
}

const INTEGERS = new Set(['tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'year']);
const TEMPORALS = new Set(['date', 'datetime', 'timestamp']);
const TEXTS = new Set(['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext']);
const BYTES = new Set(['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob']);

/** Null for types whose order is not worth splitting: such tables are read in one range. */
export function keySpaceOf(column: ColumnSchema): KeySpace | null {
  if (INTEGERS.has(column.dataType)) return integerSpace;
  if (column.dataType === 'decimal') return decimalSpace(column.numericScale ?? 0);
  if (TEMPORALS.has(column.dataType)) return temporalSpace;
  if (BYTES.has(column.dataType)) return byteSpace;
  if (TEXTS.has(column.dataType)) return textSpace(alphabetOf(column));
  return null;
}

function halfway(low: bigint, high: bigint): bigint | null {
  return high - low < 1n ? null : low + (high - low + 1n) / 2n;
}

const integerSpace: KeySpace = {
  isApproximate: false,
  select: (column) => column,
  literal: (value) => value,
  midpoint: (low, high) => halfway(BigInt(low), BigInt(high))?.toString() ?? null,
  span: (low, high) => Number(BigInt(high) - BigInt(low)) + 1,
};

function decimalSpace(scale: number): KeySpace {
  const unscale = (value: string): bigint => BigInt(value.replace('.', ''));
  const rescale = (value: bigint): string => {
    const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
    const sign = value < 0n ? '-' : '';
    return scale === 0
      ? sign + digits
      : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  };
  return {
    isApproximate: false,
    select: (column) => column,
    literal: (value) => value,
    midpoint: (low, high) => {
      const middle = halfway(unscale(low), unscale(high));
      return middle === null ? null : rescale(middle);
    },
    span: () => null,
  };
}

const temporalSpace: KeySpace = {
  isApproximate: false,
  select: (column) => column,
  literal: (value) => `'${value}'`,
  midpoint: (low, high) => {
    const from = parseMicros(low);
    const to = parseMicros(high);
    if (from === null || to === null) return null;
    const middle = halfway(from, to);
    return middle === null ? null : formatMicros(middle, low.length === 10);
  },
  span: () => null,
};

const DATE_TIME = /^(\d+)-(\d+)-(\d+)(?: (\d+):(\d+):(\d+)(?:\.(\d+))?)?$/;
/** Date.UTC takes smaller ones for years of the 20th century. */
const FIRST_YEAR = 100;

/** Zero and impossible dates count as a date near which they sort; null for what is no date at all. */
function parseMicros(text: string): bigint | null {
  const match = DATE_TIME.exec(text);
  if (match === null) return null;
  const [year, month, day, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const millis = Date.UTC(
    Math.max(year, FIRST_YEAR),
    Math.max(month, 1) - 1,
    Math.max(day, 1),
    hour || 0,
    minute || 0,
    second || 0,
  );
  return BigInt(millis) * 1000n + BigInt((match.at(7) ?? '').padEnd(6, '0'));
}

function formatMicros(micros: bigint, dateOnly: boolean): string {
  const millis = micros / 1000n;
  const text = new Date(Number(millis)).toISOString();
  if (dateOnly) return text.slice(0, 10);
  const rest = String(micros - millis * 1000n).padStart(3, '0');
  return `${text.slice(0, 23).replace('T', ' ')}${rest}`;
}

/** Bytes behind the common prefix that a midpoint is computed from. */
const PRECISION_BYTES = 8;

const byteSpace: KeySpace = {
  isApproximate: false,
  select: (column) => `HEX(${column})`,
  literal: (value) => (value === '' ? `_binary''` : `_binary x'${value}'`),
  midpoint: (low, high) => {
    const prefix = commonPrefix(low, high) & ~1;
    const width = PRECISION_BYTES * 2;
    const number = (hex: string): bigint =>
      BigInt(`0x${hex.slice(prefix, prefix + width).padEnd(width, '0')}`);
    const middle = halfway(number(low), number(high));
    if (middle === null) return null;
    const hex = middle.toString(16).padStart(width, '0').toUpperCase();
    return low.slice(0, prefix) + hex.replace(/(00)+$/, '');
  },
  span: () => null,
};

/** Characters numbered about as a collation orders them, from 1 on; 0 is for what comes before all. */
interface Alphabet {
  /** More than any number. */
  readonly size: number;
  numberOf(character: string): number;
  /** Null where there is no such character. */
  characterOf(number: number): string | null;
}

const MAX_ASCII = 0x7e;
const MAX_CODE = 0xffff;
const FIRST_SURROGATE = 0xd800;
const LAST_SURROGATE = 0xdfff;

/**
 * A text that the column's character set doesn't have can't be compared with it, so midpoints for
 * others than Unicode's are made of ASCII alone.
 */
function alphabetOf({ characterSet, collation }: ColumnSchema): Alphabet {
  const isUnicode = /^(?:utf|ucs)/.test(characterSet ?? '');
  const maxCode = isUnicode ? MAX_CODE : MAX_ASCII;
  return collation?.endsWith('_bin') === true ? codeAlphabet(maxCode) : wordAlphabet(maxCode);
}

/** For collations by code. */
function codeAlphabet(maxCode: number): Alphabet {
  return {
    size: maxCode + 2,
    numberOf: (character) => Math.min(character.charCodeAt(0), maxCode) + 1,
    characterOf: (number) => codeUnit(number - 1),
  };
}

const WORD_CHARACTERS = '0123456789abcdefghijklmnopqrstuvwxyz';
const AFTER_Z = 'z'.charCodeAt(0) + 1;

/**
 * All other collations agree on this: signs, then digits, then letters whatever their case and
 * accents, script after script. An ASCII sign could sort anywhere, so no midpoint has one.
 */
function wordAlphabet(maxCode: number): Alphabet {
  const beyond = WORD_CHARACTERS.length + 1 - AFTER_Z;
  return {
    size: maxCode === MAX_ASCII ? WORD_CHARACTERS.length + 1 : maxCode + beyond + 1,
    numberOf: (character) => {
      const [plain] = character.toLowerCase().normalize('NFD');
      const code = plain.charCodeAt(0);
      if (code < AFTER_Z) return WORD_CHARACTERS.indexOf(plain) + 1;
      return maxCode === MAX_ASCII ? WORD_CHARACTERS.length : code + beyond;
    },
    characterOf: (number) =>
      number <= WORD_CHARACTERS.length ? WORD_CHARACTERS[number - 1] : codeUnit(number - beyond),
  };
}

function codeUnit(code: number): string | null {
  return code >= FIRST_SURROGATE && code <= LAST_SURROGATE ? null : String.fromCharCode(code);
}

const PRECISION_CHARACTERS = 8;

/** Only the balance of ranges depends on the order being the collation's, so near it is enough. */
function textSpace(alphabet: Alphabet): KeySpace {
  return {
    isApproximate: true,
    select: (column) => column,
    literal: quoteMysqlText,
    midpoint: (low, high) => {
      const prefix = commonPrefix(low, high);
      const [from, to] = [low, high].map((text) => textToNumber(alphabet, text, prefix));
      const middle = halfway(from, to);
      return middle === null ? null : low.slice(0, prefix) + numberToText(alphabet, middle);
    },
    span: () => null,
  };
}

/** The characters from a position on as the digits of a number. */
function textToNumber(alphabet: Alphabet, text: string, from: number): bigint {
  let number = 0n;
  for (let i = from; i < from + PRECISION_CHARACTERS; i++) {
    const digit = i < text.length ? alphabet.numberOf(text[i]) : 0;
    number = number * BigInt(alphabet.size) + BigInt(digit);
  }
  return number;
}

/** The text ends before the first digit that stands for no character. */
function numberToText(alphabet: Alphabet, number: bigint): string {
  let text = '';
  for (let rest = number, i = 0; i < PRECISION_CHARACTERS; i++) {
    const digit = Number(rest % BigInt(alphabet.size));
    const character = digit === 0 ? null : alphabet.characterOf(digit);
    text = character === null ? '' : character + text;
    rest /= BigInt(alphabet.size);
  }
  return text;
}

function commonPrefix(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}
