import {
  DateTimeTranscoder,
  readBigEndian,
  SecondsTranscoder,
  writeDuration,
} from './temporal-transcoders.js';
import type { ColumnTranscoder, Transfer, ValueSize } from './transfer.js';

/**
 * MariaDB's own form of fractions, of tables made by MariaDB 5.3 or under mysql56_temporal_format=OFF:
 * one big-endian number that counts units of the last digit. The stream does not tell the digits.
 */

const TIME_BYTES = [3, 4, 4, 5, 5, 5, 6];
const DATETIME_BYTES = [5, 6, 6, 7, 7, 7, 8];
const TIMESTAMP_BYTES = [4, 5, 5, 6, 6, 7, 7];
/** One second more than 838:59:59: what makes every TIME positive. */
const TIME_OFFSET_SECONDS = 3_020_400;

/** TIME(1…6). */
export class HiresTimeTranscoder implements ColumnTranscoder {
  readonly size: ValueSize;
  readonly maxBytes = 13;
  private readonly bytes: number;
  private readonly units: number;

  constructor(digits: number) {
    this.bytes = TIME_BYTES[digits];
    this.size = { bytes: this.bytes };
    this.units = 10 ** digits;
  }

  transcode(transfer: Transfer): void {
    const { units } = this;
    const value =
      readBigEndian(transfer.input, transfer.from, this.bytes) - TIME_OFFSET_SECONDS * units;
    const size = Math.abs(value);
    const seconds = Math.floor(size / units);
    const micros = (size - seconds * units) * (1_000_000 / units);
    const minutes = Math.floor(seconds / 60);
    writeDuration(
      transfer,
      value < 0,
      Math.floor(minutes / 60),
      minutes % 60,
      seconds % 60,
      micros,
    );
    transfer.from += this.bytes;
  }
}

/** DATETIME(1…6): months have 32 days, years 13 months. */
export class HiresDateTimeTranscoder extends DateTimeTranscoder {
  readonly size: ValueSize;
  private readonly bytes: number;
  private readonly units: number;

  constructor(digits: number) {
    super();
    this.bytes = DATETIME_BYTES[digits];
    this.size = { bytes: this.bytes };
    this.units = 10 ** digits;
  }

  override transcode(transfer: Transfer): void {
    const { input, from } = transfer;
    let value = 0n;
    for (let i = 0; i < this.bytes; i++) value = value * 256n + BigInt(input[from + i]);
    const units = BigInt(this.units);
    const micros = Number(value % units) * (1_000_000 / this.units);
    const seconds = Number(value / units);
    const minutes = Math.floor(seconds / 60);
    const hours = Math.floor(minutes / 60);
    const days = Math.floor(hours / 24);
    const months = Math.floor(days / 32);
    this.writeDate(transfer, Math.floor(months / 13), months % 13, days % 32);
    this.writeTime(transfer, hours % 24, minutes % 60, seconds % 60, micros);
    transfer.from = from + this.bytes;
  }
}

/** TIMESTAMP(1…6): 4 bytes of seconds, then the fraction. */
export class HiresTimestampTranscoder extends SecondsTranscoder {
  readonly size: ValueSize;
  private readonly bytes: number;
  private readonly unit: number;

  constructor(digits: number) {
    super();
    this.bytes = TIMESTAMP_BYTES[digits];
    this.size = { bytes: this.bytes };
    this.unit = 10 ** (6 - digits);
  }

  override transcode(transfer: Transfer): void {
    const { input, inputView, from } = transfer;
    const micros = readBigEndian(input, from + 4, this.bytes - 4) * this.unit;
    this.writeSeconds(transfer, inputView.getUint32(from, false), micros);
    transfer.from = from + this.bytes;
  }
}
