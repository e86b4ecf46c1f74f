import { ColumnBuilder, type ColumnPlace } from './builder.js';
import { TWO_32, writeInt64 } from './int64.js';
import type { RowCursor } from './row-cursor.js';

const NOT_A_DATE = 'zero or partial date';
const MONTH_DAYS = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const MAX_YEAR = 9999;
const SECONDS_PER_DAY = 86_400;

/** Days from 1970-01-01 to the first of January, by year: a table is cheaper than the arithmetic. */
const YEAR_START = new Int32Array(MAX_YEAR + 1);
/** For each year 1 if it has a leap day. */
const LEAP_DAYS = new Uint8Array(MAX_YEAR + 1);
/** For each month its days and the days before it, first without a leap day, then (from 16) with one. */
const DAYS_OF_MONTH = new Uint8Array(32);
const DAYS_BEFORE_MONTH = new Int32Array(32);

function fillCalendar(): void {
  // Day 0 of the proleptic Gregorian calendar, 0000-01-01, and on from there.
  let start = -719_528;
  for (let year = 0; year <= MAX_YEAR; year++) {
    const isLeapYear = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
    YEAR_START[year] = start;
    LEAP_DAYS[year] = isLeapYear ? 1 : 0;
    start += isLeapYear ? 366 : 365;
  }
  for (const leapDay of [0, 1]) {
    let before = 0;
    for (let month = 1; month <= 12; month++) {
      const days = MONTH_DAYS[month] + (month === 2 ? leapDay : 0);
      DAYS_OF_MONTH[leapDay * 16 + month] = days;
      DAYS_BEFORE_MONTH[leapDay * 16 + month] = before;
      before += days;
    }
  }
}

fillCalendar();

/**
 * Days since 1970-01-01 in the proleptic Gregorian calendar, or NaN where there is no such date
 * (zero, partial, or let in by ALLOW_INVALID_DATES). Years are 1 to 9999.
 */
export function daysFromDate(year: number, month: number, day: number): number {
  if (year === 0 || year > MAX_YEAR || month > 12 || day === 0) return NaN;
  const at = LEAP_DAYS[year] * 16 + month;
  // Month 0 has no days.
  if (day > DAYS_OF_MONTH[at]) return NaN;
  return YEAR_START[year] + DAYS_BEFORE_MONTH[at] + day - 1;
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
    const seconds = length >= 7 ? bytes[at + 4] * 3600 + bytes[at + 5] * 60 + bytes[at + 6] : 0;
    const micros = length >= 11 ? cursor.view.getUint32(at + 7, true) : 0;
    // A day's microseconds are 20 * 2^32 + 500,654,080; in two parts every step is exact in doubles.
    const low = days * 500_654_080 + (seconds * 1_000_000 + micros);
    const carry = Math.floor(low / TWO_32);
    this.data[row * 2] = (low - carry * TWO_32) | 0;
    this.data[row * 2 + 1] = days * 20 + carry;
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
