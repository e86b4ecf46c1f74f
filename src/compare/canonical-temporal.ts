import { type CanonicalNumber, type ColumnSubject, number } from './canonical-form.js';

/** Days and seconds from the year 0, where MySQL's TO_DAYS and TO_SECONDS start, to 1970. */
const EPOCH_DAYS = 719_528;
const EPOCH_SECONDS = 62_167_219_200;

/** TO_DAYS of 9999-12-31 and more; TO_SECONDS of it; the microseconds of a day. */
const DAY_BITS = 24;
const SECOND_BITS = 40;
const FRACTION_BITS = 20;
const TIME_BITS = 37;
const CALENDAR_BITS = 23;

/** Days since the year 0; NULL for dates that don't exist. */
export function dateForm(subject: ColumnSubject): CanonicalNumber {
  const { source, replica } = subject;
  return {
    source: existing(subject, `TO_DAYS(${source})`),
    replica: `((${replica} - DATE '1970-01-01') + ${EPOCH_DAYS})`,
    bits: DAY_BITS,
    isUnsigned: true,
    isNullable: true,
  };
}

/** Seconds since the year 0, then microseconds, which the source only has where declared. */
export function timestampForm(subject: ColumnSubject): CanonicalNumber[] {
  const { source, replica, schema } = subject;
  const micros = `(epoch_us(${replica}) + ${EPOCH_SECONDS}000000)`;
  const seconds = `TO_SECONDS(${source})`;
  const hasFraction = /\([1-6]\)/.test(schema.columnType);
  const common = { isUnsigned: true, isNullable: true };
  return [
    {
      ...common,
      source: existing(subject, seconds),
      replica: `(${micros} // 1000000)`,
      bits: SECOND_BITS,
    },
    {
      ...common,
      source: hasFraction ? `IFNULL(${existing(subject, `MICROSECOND(${source})`)}, 0)` : '0',
      replica: `coalesce(${micros} % 1000000, 0)`,
      bits: FRACTION_BITS,
      isNullable: false,
    },
  ];
}

/**
 * `value` where the date of the column exists. A TIMESTAMP is an instant, or zero, of which TO_DAYS
 * and TO_SECONDS make NULL by themselves. Nearly all dates are decided by the first condition.
 */
function existing({ source, schema, options }: ColumnSubject, value: string): string {
  const isTrusted = options.invalidDates?.has(schema.name) === false;
  if (schema.dataType === 'timestamp' || isTrusted) return value;
  const isUsual = `DAY(${source}) BETWEEN 1 AND 28 AND MONTH(${source}) AND YEAR(${source})`;
  const exists = `YEAR(${source}) AND FROM_DAYS(TO_DAYS(${source})) = DATE(${source})`;
  return `IF(${isUsual}, ${value}, IF(${exists}, ${value}, NULL))`;
}

/** Year, month and day, zeros among them, which tell dates apart that don't exist. */
export function calendarForm(subject: ColumnSubject): CanonicalNumber {
  const { source, replica } = subject;
  const of = (column: string): string =>
    `(YEAR(${column}) * 512 + MONTH(${column}) * 32 + DAY(${column}))`;
  return number(subject, { source: of(source), replica: of(replica) }, CALENDAR_BITS, true);
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
