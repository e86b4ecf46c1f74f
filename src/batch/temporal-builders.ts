import { ColumnBuilder, type ColumnPlace } from './builder.js';
import { writeInt64, writeInt64Split } from './int64.js';
import type { RowCursor } from './row-cursor.js';

const NOT_A_DATE = 'zero or partial date';
const MONTH_DAYS = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const SECONDS_PER_DAY = 86_400;

/**
 * Days since 1970-01-01 in the proleptic Gregorian calendar, or NaN where there is no such date
 * (zero, partial, or let in by ALLOW_INVALID_DATES). Years are 1 to 9999.
 */
export function daysFromDate(year: number, month: number, day: number): number {
  if (year === 0 || month === 0 || month > 12 || day === 0) return NaN;
  const leapDay = month === 2 && isLeapYear(year) ? 1 : 0;
  if (day > MONTH_DAYS[month] + leapDay) return NaN;
  // Counted from March, so that the leap day is a year's last.
  const y = month <= 2 ? year - 1 : year;
  const era = (y / 400) | 0;
  const yearOfEra = y - era * 400;
  const dayOfYear = (((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) | 0) + day - 1;
  const dayOfEra = yearOfEra * 365 + (yearOfEra >> 2) - ((yearOfEra / 100) | 0) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

function isLeapYear(year: number): boolean {
  return (year & 3) === 0 && (year % 100 !== 0 || year % 400 === 0);
}

/** Reads year, month and day of a binary DATE or DATETIME whose length is at least 4. */
function readDays(cursor: RowCursor, at: number): number {
  const bytes = cursor.bytes;
  return daysFromDate(bytes[at] | (bytes[at + 1] << 8), bytes[at + 2], bytes[at + 3]);
}

/** DATE: i32 days since 1970-01-01. */
export class DateBuilder extends ColumnBuilder {
  private data = new Int32Array(0);

  protected override attachData(place: ColumnPlace): void {
    this.data = new Int32Array(place.fixed, place.dataOffset, place.capacity);
  }

  override append(cursor: RowCursor, row: number): void {
    const length = cursor.bytes[cursor.offset++];
    const days = length >= 4 ? readDays(cursor, cursor.offset) : NaN;
    cursor.offset += length;
    if (days !== days) this.reject(row, NOT_A_DATE);
    else this.data[row] = days;
  }
}

/** DATETIME and TIMESTAMP: i64 microseconds since 1970-01-01 00:00:00. */
export class TimestampBuilder extends ColumnBuilder {
  private data = new Int32Array(0);

  protected override attachData(place: ColumnPlace): void {
    this.data = new Int32Array(place.fixed, place.dataOffset, place.capacity * 2);
  }

  override append(cursor: RowCursor, row: number): void {
    const bytes = cursor.bytes;
    const length = bytes[cursor.offset];
    const at = cursor.offset + 1;
    cursor.offset = at + length;
    const days = length >= 4 ? readDays(cursor, at) : NaN;
    if (days !== days) {
      this.reject(row, NOT_A_DATE);
      return;
    }
    let seconds = days * SECONDS_PER_DAY;
    if (length >= 7) seconds += bytes[at + 4] * 3600 + bytes[at + 5] * 60 + bytes[at + 6];
    const micros = length >= 11 ? cursor.view.getUint32(at + 7, true) : 0;
    // Microseconds of years before 1684 and after 2255 are beyond 2^53: split the seconds.
    const high = Math.floor(seconds / 65536);
    const low = seconds - high * 65536;
    writeInt64Split(this.data, row * 2, high * 1_000_000, low * 1_000_000 + micros);
  }
}

interface Duration {
  negative: boolean;
  /** Without the sign. */
  seconds: number;
  micros: number;
}

/** Reads a binary TIME: sign, days, hours, minutes, seconds, microseconds; ±838:59:59.999999. */
function readDuration(cursor: RowCursor, duration: Duration): void {
  const length = cursor.bytes[cursor.offset];
  const at = cursor.offset + 1;
  cursor.offset = at + length;
  duration.negative = length > 0 && cursor.bytes[at] === 1;
  duration.seconds = 0;
  if (length >= 8) {
    const hours = cursor.view.getUint32(at + 1, true) * 24 + cursor.bytes[at + 5];
    duration.seconds = hours * 3600 + cursor.bytes[at + 6] * 60 + cursor.bytes[at + 7];
  }
  duration.micros = length >= 12 ? cursor.view.getUint32(at + 8, true) : 0;
}

/** TIME: i64 microseconds since midnight; what is no time of day is rejected. */
export class TimeBuilder extends ColumnBuilder {
  private data = new Int32Array(0);
  private readonly duration: Duration = { negative: false, seconds: 0, micros: 0 };

  protected override attachData(place: ColumnPlace): void {
    this.data = new Int32Array(place.fixed, place.dataOffset, place.capacity * 2);
  }

  override append(cursor: RowCursor, row: number): void {
    readDuration(cursor, this.duration);
    const { negative, seconds, micros } = this.duration;
    if (negative || seconds >= SECONDS_PER_DAY) {
      this.reject(row, 'time outside 00:00:00 to 24:00:00');
      return;
    }
    writeInt64(this.data, row * 2, seconds * 1_000_000 + micros);
  }
}

/** TIME as INTERVAL: i32 months, i32 days (both 0), i64 microseconds. */
export class TimeIntervalBuilder extends ColumnBuilder {
  private data = new Int32Array(0);
  private readonly duration: Duration = { negative: false, seconds: 0, micros: 0 };

  protected override attachData(place: ColumnPlace): void {
    this.data = new Int32Array(place.fixed, place.dataOffset, place.capacity * 4);
  }

  override append(cursor: RowCursor, row: number): void {
    readDuration(cursor, this.duration);
    const micros = this.duration.seconds * 1_000_000 + this.duration.micros;
    this.data[row * 4] = 0;
    this.data[row * 4 + 1] = 0;
    writeInt64(this.data, row * 4 + 2, this.duration.negative ? -micros : micros);
  }
}
