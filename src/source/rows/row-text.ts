import { isUtf8 } from 'node:buffer';
import { RowCursor } from '../../batch/row-cursor.js';
import { fractionDigits } from '../fraction-digits.js';
import type { ColumnPlan, TablePlan } from '../../model/column-plan.js';

/**
 * Reads a binary-protocol row as the texts that MySQL itself prints; null for NULL. Slow, and only
 * used for rows that are shown to people: rejected values, and the keys at which reading resumes.
 */
export function readRowTexts(plan: TablePlan, bytes: Uint8Array, start: number): (string | null)[] {
  const cursor = new RowCursor();
  const bitmap = start + 1;
  cursor.attach(bytes, bitmap + ((plan.columns.length + 9) >> 3));
  return plan.columns.map((column, index) => {
    const bit = index + 2;
    const isNull = (bytes[bitmap + (bit >> 3)] & (1 << (bit & 7))) !== 0;
    return isNull ? null : readText(column, cursor);
  });
}

function readText(column: ColumnPlan, cursor: RowCursor): string {
  switch (column.encoding.kind) {
    case 'copy':
      return readNumber(column, cursor, column.encoding.bytes);
    case 'tinyint-boolean':
      return String(cursor.view.getInt8(cursor.offset++));
    case 'date':
    case 'timestamp':
      return readDateTime(
        cursor,
        column.encoding.kind === 'date',
        fractionDigits(column.sourceType),
      );
    case 'time':
    case 'time-interval':
      return readTime(cursor, fractionDigits(column.sourceType));
    case 'text':
    case 'decimal':
    case 'uuid-text':
      return readBytes(cursor, true);
    case 'bit':
    case 'bytes':
    case 'geometry':
    case 'vector':
      return readBytes(cursor, false);
  }
}

function readNumber(column: ColumnPlan, cursor: RowCursor, bytes: 1 | 2 | 4 | 8): string {
  const { view } = cursor;
  const at = cursor.offset;
  cursor.offset += bytes;
  const unsigned = column.duckdbType.startsWith('U');
  if (column.duckdbType === 'FLOAT') return String(view.getFloat32(at, true));
  if (column.duckdbType === 'DOUBLE') return String(view.getFloat64(at, true));
  switch (bytes) {
    case 1:
      return String(unsigned ? view.getUint8(at) : view.getInt8(at));
    case 2:
      return String(unsigned ? view.getUint16(at, true) : view.getInt16(at, true));
    case 4:
      return String(unsigned ? view.getUint32(at, true) : view.getInt32(at, true));
    case 8:
      return String(unsigned ? view.getBigUint64(at, true) : view.getBigInt64(at, true));
  }
}

function readBytes(cursor: RowCursor, isText: boolean): string {
  const length = cursor.readLength();
  const bytes = cursor.bytes.subarray(cursor.offset, cursor.offset + length);
  cursor.offset += length;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return isText && isUtf8(buffer) ? buffer.toString('utf8') : `0x${buffer.toString('hex')}`;
}

function readDateTime(cursor: RowCursor, dateOnly: boolean, digits: number): string {
  const length = cursor.bytes[cursor.offset];
  const at = cursor.offset + 1;
  cursor.offset = at + length;
  const { bytes, view } = cursor;
  const date =
    length >= 4
      ? `${pad(view.getUint16(at, true), 4)}-${pad(bytes[at + 2], 2)}-${pad(bytes[at + 3], 2)}`
      : '0000-00-00';
  if (dateOnly) return date;
  const time =
    length >= 7
      ? `${pad(bytes[at + 4], 2)}:${pad(bytes[at + 5], 2)}:${pad(bytes[at + 6], 2)}`
      : '00:00:00';
  return `${date} ${time}${fraction(length >= 11 ? view.getUint32(at + 7, true) : 0, digits)}`;
}

function readTime(cursor: RowCursor, digits: number): string {
  const length = cursor.bytes[cursor.offset];
  const at = cursor.offset + 1;
  cursor.offset = at + length;
  const { bytes, view } = cursor;
  if (length < 8) return `00:00:00${fraction(0, digits)}`;
  const hours = view.getUint32(at + 1, true) * 24 + bytes[at + 5];
  const sign = bytes[at] === 1 ? '-' : '';
  const micros = length >= 12 ? view.getUint32(at + 8, true) : 0;
  return `${sign}${pad(hours, 2)}:${pad(bytes[at + 6], 2)}:${pad(bytes[at + 7], 2)}${fraction(micros, digits)}`;
}

function fraction(micros: number, digits: number): string {
  return digits === 0 ? '' : `.${pad(micros, 6).slice(0, digits)}`;
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, '0');
}
