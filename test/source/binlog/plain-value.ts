import type { ColumnPlan } from '../../../src/model/column-plan.js';

const MICROS_PER_DAY = 86_400_000_000n;
const TIME = /^(-?)(\d+):(\d\d):(\d\d)(?:\.(\d+))?$/;

/**
 * One form for a value however it was decoded: integers, scaled decimals, days and microseconds as
 * numbers, bytes as hexadecimal digits, geometries as nested coordinates. Null stays null.
 */
export function fromBatch(column: ColumnPlan, hex: string | null): string | null {
  if (hex === null) return null;
  const bytes = Buffer.from(hex, 'hex');
  const { encoding, duckdbType } = column;
  switch (encoding.kind) {
    case 'copy':
      if (duckdbType === 'FLOAT') return floatText(bytes.readFloatLE());
      if (duckdbType === 'DOUBLE') return floatText(bytes.readDoubleLE());
      return integer(bytes, !duckdbType.startsWith('U')).toString();
    case 'tinyint-boolean':
    case 'bit':
      return integer(bytes, false).toString();
    case 'decimal':
    case 'date':
    case 'timestamp':
    case 'time':
      return integer(bytes, true).toString();
    case 'time-interval':
      // Months, days, microseconds.
      return (BigInt(bytes.readInt32LE(4)) * MICROS_PER_DAY + bytes.readBigInt64LE(8)).toString();
    case 'text':
      return bytes.toString();
    case 'bytes':
    case 'vector':
      return hex;
    case 'uuid-text': {
      // DuckDB flips the top bit, so that UUIDs sort as signed numbers do.
      const plain = Buffer.from(bytes).reverse();
      plain[0] ^= 0x80;
      return plain.toString('hex');
    }
    case 'geometry':
      return JSON.stringify(readShape({ bytes, at: 0 }));
  }
}

/** The same of what zongji gives; its own text where that is no such value. */
export function fromZongji(column: ColumnPlan, value: unknown): string | null {
  if (value === null) return null;
  const { encoding, duckdbType } = column;
  const text = Buffer.isBuffer(value) ? value.toString('hex') : String(value);
  switch (encoding.kind) {
    case 'copy':
      return duckdbType === 'FLOAT' || duckdbType === 'DOUBLE' ? floatText(Number(value)) : text;
    case 'bit':
      return BigInt(`0x${text}`).toString();
    case 'decimal':
      return BigInt(text.replace('.', '')).toString();
    case 'date':
      return isDate(text) ? String(Date.parse(`${text}T00:00:00Z`) / 86_400_000) : text;
    case 'timestamp':
      return isDate(text.slice(0, 10)) ? timestampMicros(text) : text;
    case 'time':
    case 'time-interval':
      return timeMicros(text);
    case 'uuid-text':
      return text.replaceAll('-', '');
    case 'geometry':
      return JSON.stringify(value);
    case 'tinyint-boolean':
    case 'text':
    case 'bytes':
    case 'vector':
      return text;
  }
}

function integer(bytes: Buffer, isSigned: boolean): bigint {
  const value = BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
  return isSigned ? BigInt.asIntN(bytes.length * 8, value) : value;
}

/** With the sign of a zero. */
function floatText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

/** Whether a calendar has that day. */
function isDate(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`);
  return (
    text >= '0001' && !Number.isNaN(date.getTime()) && date.toISOString().slice(0, 10) === text
  );
}

function timestampMicros(text: string): string {
  const [seconds, fraction = ''] = text.split('.');
  const wholeMs = BigInt(Date.parse(`${seconds.replace(' ', 'T')}Z`));
  return (wholeMs * 1000n + BigInt(fraction.padEnd(6, '0'))).toString();
}

function timeMicros(text: string): string {
  const [, sign = '', hours = '', minutes = '', seconds = '', fraction = ''] =
    TIME.exec(text) ?? [];
  if (hours === '' || Number(minutes) > 59 || Number(seconds) > 59) return text;
  const wholeSeconds = (BigInt(hours) * 60n + BigInt(minutes)) * 60n + BigInt(seconds);
  const micros = wholeSeconds * 1_000_000n + BigInt(fraction.padEnd(6, '0'));
  return (sign === '-' ? -micros : micros).toString();
}

interface Wkb {
  readonly bytes: Buffer;
  at: number;
}

type Shape = { readonly x: number; readonly y: number } | Shape[];

/** WKB as the nested points that it is made of. */
function readShape(wkb: Wkb): Shape {
  const { bytes } = wkb;
  if (bytes[wkb.at] !== 1) throw new Error('WKB that is not little-endian');
  const kind = bytes.readUInt32LE(wkb.at + 1);
  wkb.at += 5;
  const point = (): Shape => {
    const [x, y] = [bytes.readDoubleLE(wkb.at), bytes.readDoubleLE(wkb.at + 8)];
    wkb.at += 16;
    return { x, y };
  };
  const many = (read: () => Shape): Shape => {
    const count = bytes.readUInt32LE(wkb.at);
    wkb.at += 4;
    return Array.from({ length: count }, read);
  };
  if (kind === 1) return point();
  if (kind === 2) return many(point);
  if (kind === 3) return many(() => many(point));
  return many(() => readShape(wkb));
}
