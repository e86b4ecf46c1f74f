import type { CanonicalNumber, ColumnSubject } from './canonical-form.js';

/** Days and seconds from the year 0, where MySQL's TO_DAYS and TO_SECONDS start, to 1970. */
const EPOCH_DAYS = 719_528;
const EPOCH_SECONDS = 62_167_219_200;

/** TO_DAYS of 9999-12-31 and more; TO_SECONDS of it; the microseconds of a day. */
const DAY_BITS = 24;
const SECOND_BITS = 40;
const FRACTION_BITS = 20;
const TIME_BITS = 37;

/** Days since the year 0; NULL for dates that don't exist. */
export function dateForm({ source, replica }: ColumnSubject): CanonicalNumber {
  return {
    source: existing(source, `TO_DAYS(${source})`),
    replica: `((${replica} - DATE '1970-01-01') + ${EPOCH_DAYS})`,
    bits: DAY_BITS,
    isUnsigned: true,
    isNullable: true,
  };
}

/** Seconds since the year 0, then microseconds, which the source only has where declared. */
export function timestampForm({ source, replica, schema }: ColumnSubject): CanonicalNumber[] {
  const micros = `(epoch_us(${replica}) + ${EPOCH_SECONDS}000000)`;
  const seconds = `TO_SECONDS(${source})`;
  const hasFraction = /\([1-6]\)/.test(schema.columnType);
  const common = { isUnsigned: true, isNullable: true };
  return [
    {
      ...common,
      // A TIMESTAMP is an instant, or zero, of which TO_SECONDS makes NULL.
      source: schema.dataType === 'timestamp' ? seconds : existing(source, seconds),
      replica: `(${micros} // 1000000)`,
      bits: SECOND_BITS,
    },
    {
      ...common,
      source: hasFraction ? existingFraction(source, schema.dataType) : '0',
      replica: `coalesce(${micros} % 1000000, 0)`,
      bits: FRACTION_BITS,
      isNullable: false,
    },
  ];
}

/** The fraction counts for nothing where the date does not exist. */
function existingFraction(source: string, dataType: string): string {
  const fraction = `MICROSECOND(${source})`;
  if (dataType === 'timestamp') return `IFNULL(${fraction}, 0)`;
  return `IFNULL(${existing(source, fraction)}, 0)`;
}

/** `value` where the date of `source` exists. Nearly all are decided by the first condition. */
function existing(source: string, value: string): string {
  const isUsual = `DAY(${source}) BETWEEN 1 AND 28 AND MONTH(${source}) AND YEAR(${source})`;
  const exists = `YEAR(${source}) AND FROM_DAYS(TO_DAYS(${source})) = DATE(${source})`;
  return `IF(${isUsual}, ${value}, IF(${exists}, ${value}, NULL))`;
}

/** Microseconds. Not TIME_TO_SEC: MariaDB's has the microseconds, MySQL's has not. */
export function timeForm(
  { source, replica }: ColumnSubject,
  isTimeOfDay: boolean,
): CanonicalNumber {
  const seconds = `(HOUR(${source}) * 3600 + MINUTE(${source}) * 60 + SECOND(${source}))`;
  const micros = `(${seconds} * 1000000 + MICROSECOND(${source}))`;
  const isNegative = `${source} < CAST('00:00:00' AS TIME(6))`;
  return {
    source: isTimeOfDay
      ? `IF(${isNegative} OR HOUR(${source}) > 23, NULL, ${micros})`
      : `IF(${isNegative}, -1, 1) * ${micros}`,
    replica: `epoch_us(${replica})`,
    bits: isTimeOfDay ? TIME_BITS : 64,
    isUnsigned: isTimeOfDay,
    isNullable: true,
  };
}
