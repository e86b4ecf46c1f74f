import { GROUP_BYTES, GROUP_DIGITS } from './number-transcoders.js';

/**
 * MySQL's binary JSON, as row events carry it, into the text that the server prints for the same
 * value: the snapshot's SELECT and the binlog must agree to the byte.
 *
 * A value is a type byte and, elsewhere or in place of its offset, its bytes. Objects and arrays
 * begin with their count, their size and the entries of their members, whose offsets count from the
 * container's first byte. In small containers counts and offsets have 2 bytes, in large ones 4.
 */

const SMALL_OBJECT = 0x00;
const LARGE_OBJECT = 0x01;
const SMALL_ARRAY = 0x02;
const LARGE_ARRAY = 0x03;
const LITERAL = 0x04;
const INT16 = 0x05;
const UINT16 = 0x06;
const INT32 = 0x07;
const UINT32 = 0x08;
const INT64 = 0x09;
const UINT64 = 0x0a;
const DOUBLE = 0x0b;
const STRING = 0x0c;
const OPAQUE = 0x0f;

/** The column types of opaque values that have a text of their own. */
const TYPE_TIMESTAMP = 7;
const TYPE_DATE = 10;
const TYPE_TIME = 11;
const TYPE_DATETIME = 12;
const TYPE_NEWDECIMAL = 246;

const LITERALS = ['null', 'true', 'false'];

/** The server allows 100; this only keeps broken bytes, which may refer to themselves, from the stack. */
const DEPTH_LIMIT = 500;

/** The text of the binary JSON at [start, end) of `bytes`; throws where it isn't well-formed. */
export function binaryJsonText(bytes: Uint8Array, start: number, end: number): string {
  // INSERT IGNORE without a value stores an empty one, which the server reads as null.
  if (start === end) return 'null';
  const document = new BinaryJson(bytes.subarray(start, end));
  return document.valueText(document.typeAt(0), 1, 0);
}

class BinaryJson {
  private readonly buffer: Buffer;

  constructor(bytes: Uint8Array) {
    this.buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  typeAt(at: number): number {
    return this.buffer.readUInt8(at);
  }

  valueText(type: number, at: number, depth: number): string {
    const { buffer } = this;
    switch (type) {
      case SMALL_OBJECT:
        return this.objectText(at, 2, depth + 1);
      case LARGE_OBJECT:
        return this.objectText(at, 4, depth + 1);
      case SMALL_ARRAY:
        return this.arrayText(at, 2, depth + 1);
      case LARGE_ARRAY:
        return this.arrayText(at, 4, depth + 1);
      case LITERAL:
        return LITERALS[buffer.readUInt8(at)] ?? malformed(`literal ${buffer[at]}`);
      case INT16:
        return String(buffer.readInt16LE(at));
      case UINT16:
        return String(buffer.readUInt16LE(at));
      case INT32:
        return String(buffer.readInt32LE(at));
      case UINT32:
        return String(buffer.readUInt32LE(at));
      case INT64:
        return String(buffer.readBigInt64LE(at));
      case UINT64:
        return String(buffer.readBigUInt64LE(at));
      case DOUBLE:
        return doubleText(buffer.readDoubleLE(at));
      case STRING:
        return this.stringText(at);
      case OPAQUE:
        return this.opaqueText(at);
      default:
        return malformed(`value type ${type}`);
    }
  }

  private objectText(start: number, width: 2 | 4, depth: number): string {
    const count = this.memberCount(start, width, depth);
    const keyEntries = start + 2 * width;
    const keyEntryBytes = width + 2;
    const valueEntries = keyEntries + count * keyEntryBytes;
    let text = '{';
    for (let index = 0; index < count; index++) {
      const entry = keyEntries + index * keyEntryBytes;
      const length = this.buffer.readUInt16LE(entry + width);
      const key = this.quoted(start + this.unsigned(entry, width), length);
      const value = this.memberText(start, valueEntries + index * (width + 1), width, depth);
      text += `${index === 0 ? '' : ', '}${key}: ${value}`;
    }
    return `${text}}`;
  }

  private arrayText(start: number, width: 2 | 4, depth: number): string {
    const count = this.memberCount(start, width, depth);
    const entries = start + 2 * width;
    let text = '[';
    for (let index = 0; index < count; index++) {
      if (index > 0) text += ', ';
      text += this.memberText(start, entries + index * (width + 1), width, depth);
    }
    return `${text}]`;
  }

  private memberCount(start: number, width: 2 | 4, depth: number): number {
    if (depth > DEPTH_LIMIT) malformed('nested too deeply');
    return this.unsigned(start, width);
  }

  /** A member: its value stands in the entry itself if it fits there, else at the entry's offset. */
  private memberText(start: number, entry: number, width: 2 | 4, depth: number): string {
    const type = this.typeAt(entry);
    const fits = type === LITERAL || type === INT16 || type === UINT16;
    const inlined = fits || (width === 4 && (type === INT32 || type === UINT32));
    return this.valueText(
      type,
      inlined ? entry + 1 : start + this.unsigned(entry + 1, width),
      depth,
    );
  }

  private unsigned(at: number, width: 2 | 4): number {
    return width === 2 ? this.buffer.readUInt16LE(at) : this.buffer.readUInt32LE(at);
  }

  private stringText(at: number): string {
    const [length, start] = this.readLength(at);
    return this.quoted(start, length);
  }

  /** JSON.stringify escapes the same characters as the server, in the same spelling. */
  private quoted(start: number, length: number): string {
    this.checkEnd(start + length);
    return JSON.stringify(this.buffer.toString('utf8', start, start + length));
  }

  private opaqueText(at: number): string {
    const type = this.typeAt(at);
    const [length, start] = this.readLength(at + 1);
    this.checkEnd(start + length);
    const data = this.buffer.subarray(start, start + length);
    switch (type) {
      case TYPE_NEWDECIMAL:
        return decimalText(data);
      case TYPE_DATE:
        return `"${dateText(data.readBigInt64LE(0))}"`;
      case TYPE_DATETIME:
      case TYPE_TIMESTAMP: {
        const packed = data.readBigInt64LE(0);
        return `"${dateText(packed)} ${clockText(packed, 0x1f)}"`;
      }
      case TYPE_TIME: {
        const packed = data.readBigInt64LE(0);
        const absolute = packed < 0n ? -packed : packed;
        return `"${packed < 0n ? '-' : ''}${clockText(absolute, 0x3ff)}"`;
      }
      default:
        return `"base64:type${type}:${base64Text(data)}"`;
    }
  }

  private checkEnd(end: number): void {
    if (end > this.buffer.length) malformed('cut off');
  }

  /** A length of up to 5 bytes with 7 bits each, and the offset behind it. */
  private readLength(at: number): [length: number, next: number] {
    let length = 0;
    for (let index = 0; index < 5; index++) {
      const byte = this.buffer.readUInt8(at + index);
      length += (byte & 0x7f) * 2 ** (7 * index);
      if (byte < 0x80) return [length, at + index + 1];
    }
    return malformed('a length without end');
  }
}

/**
 * As the server's my_gcvt: the shortest digits that read back as the same number, in exponent form
 * if the decimal point is far from them; and a whole number shows that it is a double.
 */
function doubleText(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const [, sign, lead, rest = '', power] = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(
    value.toExponential(),
  )!;
  const exponent = Number(power);
  const digits = lead + rest;
  if (exponent < -15 || (exponent > 14 && digits.length <= exponent + 1)) {
    return `${sign}${lead}${rest === '' ? '' : `.${rest}`}e${exponent}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-1 - exponent)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`;
}

/** Precision, scale, and the digits before and after the point in groups of 9 per 4 bytes. */
function decimalText(data: Buffer): string {
  const precision = data.readUInt8(0);
  const scale = data.readUInt8(1);
  const bytes = Buffer.from(data.subarray(2));
  const negative = (bytes.readUInt8(0) & 0x80) === 0;
  // The first bit is turned, so that bytes sort as numbers; those of negative numbers all are.
  bytes[0] ^= 0x80;
  if (negative) for (let index = 0; index < bytes.length; index++) bytes[index] ^= 0xff;
  const wholeDigits = precision - scale;
  const first = wholeDigits % GROUP_DIGITS;
  const groups = [first, ...fullGroups(wholeDigits), ...fullGroups(scale), scale % GROUP_DIGITS];
  let digits = '';
  let at = 0;
  for (const group of groups) {
    const length = GROUP_BYTES[group];
    if (length > 0) digits += String(bytes.readUIntBE(at, length)).padStart(group, '0');
    at += length;
  }
  const whole = digits.slice(0, wholeDigits).replace(/^0+(?=\d)/, '') || '0';
  return `${negative ? '-' : ''}${whole}${scale === 0 ? '' : `.${digits.slice(wholeDigits)}`}`;
}

function fullGroups(digits: number): number[] {
  return new Array<number>(Math.floor(digits / GROUP_DIGITS)).fill(GROUP_DIGITS);
}

/** From the top: year * 13 + month, 5 bits for the day, 17 for the time, 24 for microseconds. */
function dateText(packed: bigint): string {
  const days = Number(packed >> 41n);
  const months = days >> 5;
  return `${pad(Math.floor(months / 13), 4)}-${pad(months % 13, 2)}-${pad(days & 0x1f, 2)}`;
}

/** Hours (as many bits as the mask has), 6 bits each for minutes and seconds, 24 for microseconds. */
function clockText(packed: bigint, hourMask: number): string {
  const seconds = Number((packed >> 24n) & 0x3fffffn);
  const hours = (seconds >> 12) & hourMask;
  const micros = Number(packed & 0xffffffn);
  return `${pad(hours, 2)}:${pad((seconds >> 6) & 0x3f, 2)}:${pad(seconds & 0x3f, 2)}.${pad(micros, 6)}`;
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, '0');
}

/** The server breaks base64 into lines of 76 characters, and the breaks are escaped like others. */
function base64Text(data: Buffer): string {
  return data.toString('base64').replace(/.{76}(?!$)/g, '$&\\n');
}

function malformed(what: string): never {
  throw new Error(`A JSON value of the binlog is not well-formed: ${what}`);
}
