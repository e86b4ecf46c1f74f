import type { ColumnTranscoder, Transfer, ValueSize } from './transfer.js';

const SECONDS_PER_DAY = 86_400;
/** What a fraction's stored unit is in microseconds, by its bytes. */
const FRACTION_UNITS = [0, 10_000, 100, 1];
/** Bytes of a fraction of 0 to 6 digits. */
const FRACTION_BYTES = [0, 1, 1, 2, 2, 3, 3];

export function readBigEndian(input: Uint8Array, at: number, bytes: number): number {
  let value = 0;
  for (let i = 0; i < bytes; i++) value = value * 256 + input[at + i];
  return value;
}

/** DATE: 3 bytes, little-endian: 5 bits day, 4 bits month, the year. */
export class DateTranscoder implements ColumnTranscoder {
  readonly size: ValueSize = { bytes: 3 };
  readonly maxBytes = 5;

  transcode(transfer: Transfer): void {
    const { input, output, from, to } = transfer;
    const value = input[from] | (input[from + 1] << 8) | (input[from + 2] << 16);
    output[to] = 4;
    transfer.outputView.setUint16(to + 1, value >>> 9, true);
    output[to + 3] = (value >>> 5) & 15;
    output[to + 4] = value & 31;
    transfer.from = from + 3;
    transfer.to = to + 5;
  }
}

/** Writes DATETIME and TIMESTAMP: year, month, day and so on, in 11 bytes behind their number. */
export abstract class DateTimeTranscoder implements ColumnTranscoder {
  abstract readonly size: ValueSize;
  readonly maxBytes = 12;
  abstract transcode(transfer: Transfer): void;

  protected writeDate(transfer: Transfer, year: number, month: number, day: number): void {
    const { output, to } = transfer;
    output[to] = 11;
    output[to + 1] = year;
    output[to + 2] = year >> 8;
    output[to + 3] = month;
    output[to + 4] = day;
  }

  /** Behind `writeDate`; moves `to` behind the value. */
  protected writeTime(
    transfer: Transfer,
    hour: number,
    minute: number,
    second: number,
    micros: number,
  ): void {
    const { output, to } = transfer;
    output[to + 5] = hour;
    output[to + 6] = minute;
    output[to + 7] = second;
    transfer.outputView.setUint32(to + 8, micros, true);
    transfer.to = to + 12;
  }
}

/**
 * DATETIME(0…6): big-endian, 1 bit sign (always 1), 17 bits year * 13 + month, 5 day, 5 hour, 6 minute,
 * 6 second, then the fraction.
 */
export class DateTime2Transcoder extends DateTimeTranscoder {
  readonly size: ValueSize;
  private readonly fractionBytes: number;

  constructor(digits: number) {
    super();
    this.fractionBytes = FRACTION_BYTES[digits];
    this.size = { bytes: 5 + this.fractionBytes };
  }

  override transcode(transfer: Transfer): void {
    const { input, from } = transfer;
    const high = transfer.inputView.getUint32(from, false);
    const low = input[from + 4];
    const months = (high >>> 14) & 0x1ffff;
    const year = (months / 13) | 0;
    const micros =
      readBigEndian(input, from + 5, this.fractionBytes) * FRACTION_UNITS[this.fractionBytes];
    this.writeDate(transfer, year, months - year * 13, (high >>> 9) & 31);
    this.writeTime(transfer, (high >>> 4) & 31, ((high & 15) << 2) | (low >> 6), low & 63, micros);
    transfer.from = from + 5 + this.fractionBytes;
  }
}

/** Seconds since 1970 in UTC as date and time; 0 is the zero date. */
export abstract class SecondsTranscoder extends DateTimeTranscoder {
  /** Of the value before, whose date this one mostly has, too. */
  private day = -1;
  private year = 0;
  private month = 0;
  private dayOfMonth = 0;

  protected writeSeconds(transfer: Transfer, seconds: number, micros: number): void {
    if (seconds === 0) {
      this.writeDate(transfer, 0, 0, 0);
      this.writeTime(transfer, 0, 0, 0, 0);
      return;
    }
    const day = Math.floor(seconds / SECONDS_PER_DAY);
    if (day !== this.day) this.findDate(day);
    this.writeDate(transfer, this.year, this.month, this.dayOfMonth);
    const rest = seconds - day * SECONDS_PER_DAY;
    const hour = (rest / 3600) | 0;
    const minute = ((rest - hour * 3600) / 60) | 0;
    this.writeTime(transfer, hour, minute, rest - hour * 3600 - minute * 60, micros);
  }

  /** In years that begin in March, of which leap days are the last. */
  private findDate(day: number): void {
    this.day = day;
    const sinceEra = day + 719_468;
    const era = Math.floor(sinceEra / 146_097);
    const dayOfEra = sinceEra - era * 146_097;
    const yearOfEra = Math.floor(
      (dayOfEra -
        Math.floor(dayOfEra / 1460) +
        Math.floor(dayOfEra / 36_524) -
        Math.floor(dayOfEra / 146_096)) /
        365,
    );
    const dayOfYear =
      dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
    const month = Math.floor((5 * dayOfYear + 2) / 153);
    this.dayOfMonth = dayOfYear - Math.floor((153 * month + 2) / 5) + 1;
    this.month = month < 10 ? month + 3 : month - 9;
    this.year = yearOfEra + era * 400 + (this.month <= 2 ? 1 : 0);
  }
}

/** TIMESTAMP(0…6): 4 big-endian bytes of seconds, then the fraction. */
export class Timestamp2Transcoder extends SecondsTranscoder {
  readonly size: ValueSize;
  private readonly fractionBytes: number;

  constructor(digits: number) {
    super();
    this.fractionBytes = FRACTION_BYTES[digits];
    this.size = { bytes: 4 + this.fractionBytes };
  }

  override transcode(transfer: Transfer): void {
    const { input, from } = transfer;
    const micros =
      readBigEndian(input, from + 4, this.fractionBytes) * FRACTION_UNITS[this.fractionBytes];
    this.writeSeconds(transfer, transfer.inputView.getUint32(from, false), micros);
    transfer.from = from + 4 + this.fractionBytes;
  }
}

/** Writes TIME: sign, days, hours and so on, in 12 bytes behind their number. */
export function writeDuration(
  transfer: Transfer,
  negative: boolean,
  hours: number,
  minutes: number,
  seconds: number,
  micros: number,
): void {
  const { output, outputView, to } = transfer;
  const days = (hours / 24) | 0;
  output[to] = 12;
  output[to + 1] = negative ? 1 : 0;
  outputView.setUint32(to + 2, days, true);
  output[to + 6] = hours - days * 24;
  output[to + 7] = minutes;
  output[to + 8] = seconds;
  outputView.setUint32(to + 9, micros, true);
  transfer.to = to + 13;
}

/**
 * TIME(0…6): a big-endian number with an offset that makes it positive: 10 bits hour, 6 minute, 6
 * second, then the fraction; a negative time is the negative of all that.
 */
export class Time2Transcoder implements ColumnTranscoder {
  readonly size: ValueSize;
  readonly maxBytes = 13;
  private readonly bytes: number;
  private readonly unit: number;
  private readonly fractions: number;
  private readonly offset: number;

  constructor(digits: number) {
    const fractionBytes = FRACTION_BYTES[digits];
    this.bytes = 3 + fractionBytes;
    this.size = { bytes: this.bytes };
    this.unit = FRACTION_UNITS[fractionBytes];
    this.fractions = 256 ** fractionBytes;
    this.offset = 0x80_0000 * this.fractions;
  }

  transcode(transfer: Transfer): void {
    const value = readBigEndian(transfer.input, transfer.from, this.bytes) - this.offset;
    const size = Math.abs(value);
    const time = Math.floor(size / this.fractions);
    const micros = (size - time * this.fractions) * this.unit;
    writeDuration(transfer, value < 0, time >> 12, (time >> 6) & 63, time & 63, micros);
    transfer.from += this.bytes;
  }
}

/** TIMESTAMP of servers before 5.6, and without fractions of MariaDB's mysql56_temporal_format=OFF. */
export class OldTimestampTranscoder extends SecondsTranscoder {
  readonly size: ValueSize = { bytes: 4 };

  override transcode(transfer: Transfer): void {
    this.writeSeconds(transfer, transfer.inputView.getUint32(transfer.from, true), 0);
    transfer.from += 4;
  }
}

/** DATETIME likewise: 8 bytes, the decimal number YYYYMMDDhhmmss. */
export class OldDateTimeTranscoder extends DateTimeTranscoder {
  readonly size: ValueSize = { bytes: 8 };

  override transcode(transfer: Transfer): void {
    const { inputView, from } = transfer;
    const value = inputView.getUint32(from, true) + inputView.getUint32(from + 4, true) * 2 ** 32;
    const date = Math.floor(value / 1_000_000);
    const time = value - date * 1_000_000;
    this.writeDate(transfer, Math.floor(date / 10_000), Math.floor(date / 100) % 100, date % 100);
    this.writeTime(
      transfer,
      Math.floor(time / 10_000),
      Math.floor(time / 100) % 100,
      time % 100,
      0,
    );
    transfer.from = from + 8;
  }
}

/** TIME likewise: 3 bytes, the signed decimal number hhhmmss. */
export class OldTimeTranscoder implements ColumnTranscoder {
  readonly size: ValueSize = { bytes: 3 };
  readonly maxBytes = 13;

  transcode(transfer: Transfer): void {
    const { input, from } = transfer;
    const value = ((input[from] | (input[from + 1] << 8) | (input[from + 2] << 16)) << 8) >> 8;
    const size = Math.abs(value);
    const hours = Math.floor(size / 10_000);
    writeDuration(transfer, value < 0, hours, Math.floor(size / 100) % 100, size % 100, 0);
    transfer.from = from + 3;
  }
}
