import { expressions, quoted, rejectedValues, type TypeCase, type TypeValue } from './type-case.js';

const NOT_A_DATE = 'zero or partial date' as const;
const NOT_A_TIME = 'time outside 00:00:00 to 24:00:00' as const;

const FRACTIONS = [0, 1, 2, 3, 4, 5, 6];

const NO_DATES = [
  ...['0000-00-00', '2024-00-10', '2024-05-00', '2024-00-00', '0000-05-10', '0000-01-01'],
  ...['2023-02-29', '1900-02-29', '2024-02-30', '2023-04-31', '2023-02-31'],
];

const dateCase: TypeCase = {
  name: 'date_date',
  ddl: 'DATE',
  values: [
    ...quoted('0001-01-01', '0999-12-31', '1000-01-01', '1582-10-10', '1900-02-28', '1900-03-01'),
    ...quoted('1969-12-31', '1970-01-01', '2000-02-29', '2024-02-29', '2024-03-01', '9999-12-31'),
    ...rejectedValues(NOT_A_DATE, ...NO_DATES),
  ],
};

/** `text` with `digits` of its six; DuckDB prints no trailing zeros. */
function withFraction(text: string, digits: number): TypeValue {
  const kept = digits === 0 ? text.slice(0, -7) : text.slice(0, text.length - 6 + digits);
  const printed = kept.includes('.') ? kept.replace(/\.?0+$/, '') : kept;
  return { sql: `'${kept}'`, text: printed };
}

const DATETIMES = [
  ...['0001-01-01 00:00:00.000000', '1000-01-01 00:00:00.000000', '1000-01-01 00:00:00.100001'],
  ...['1583-10-15 12:34:56.789012', '1684-07-28 00:12:25.474977', '1684-07-28 00:12:25.474975'],
  ...['1969-12-31 23:59:59.999999', '1970-01-01 00:00:00.000000', '1970-01-01 00:00:00.900000'],
  ...['2024-02-29 23:59:59.123456', '2255-06-05 23:47:34.740991', '2255-06-05 23:47:34.740993'],
  ...['9999-12-31 00:00:00.000000', '9999-12-31 23:59:59.999999'],
];

function datetimeCase(digits: number): TypeCase {
  return {
    name: `datetime_${digits}`,
    ddl: `DATETIME(${digits})`,
    values: [
      ...DATETIMES.map((text) => withFraction(text, digits)),
      ...rejectedValues(
        NOT_A_DATE,
        ...NO_DATES.map((date) => `${date} 00:00:00`),
        `2024-02-30 23:59:59${digits === 0 ? '' : '.'}${'9'.repeat(digits)}`,
      ),
    ],
  };
}

/** Among them both times at which clocks in Berlin showed 02:30 on 2024-10-27. */
const TIMESTAMPS = [
  ...['1970-01-01 00:00:01.000000', '1970-01-01 00:00:01.000001', '2001-09-09 01:46:40.100000'],
  ...['2024-10-27 00:30:00.000000', '2024-10-27 01:30:00.000000', '2038-01-19 03:14:07.999999'],
];

function zoned(value: TypeValue): TypeValue {
  return typeof value.text === 'string' ? { ...value, otherText: `${value.text}+00` } : value;
}

function timestampCase(digits: number): TypeCase {
  return {
    name: `timestamp_${digits}`,
    ddl: `TIMESTAMP(${digits}) NULL`,
    values: [
      ...TIMESTAMPS.map((text) => zoned(withFraction(text, digits))),
      ...rejectedValues(NOT_A_DATE, '0000-00-00 00:00:00'),
    ],
  };
}

/** The inserting session is elsewhere, and the values lie around changes of its clock. */
const zoneCases: TypeCase[] = [
  {
    name: 'timestamp_berlin',
    ddl: 'TIMESTAMP(6) NULL',
    session: ["SET time_zone = 'Europe/Berlin'"],
    values: [
      { sql: `'2024-03-31 01:59:59.999999'`, text: '2024-03-31 00:59:59.999999' },
      // The hour that does not exist: the server takes its end.
      { sql: `'2024-03-31 02:30:00'`, text: '2024-03-31 01:00:00' },
      { sql: `'2024-03-31 03:00:00'`, text: '2024-03-31 01:00:00' },
      // The hour that comes twice: the server takes the first.
      { sql: `'2024-10-27 02:30:00'`, text: '2024-10-27 00:30:00' },
      { sql: `'2024-10-27 02:59:59.999999'`, text: '2024-10-27 00:59:59.999999' },
      { sql: `'2024-07-01 12:00:00'`, text: '2024-07-01 10:00:00' },
      { sql: `'2024-12-01 12:00:00'`, text: '2024-12-01 11:00:00' },
    ].map(zoned),
  },
  {
    name: 'timestamp_kolkata',
    ddl: 'TIMESTAMP NULL',
    session: ["SET time_zone = '+05:30'"],
    values: [
      { sql: `'1970-01-01 05:30:01'`, text: '1970-01-01 00:00:01' },
      { sql: `'2024-07-01 00:00:00'`, text: '2024-06-30 18:30:00' },
      { sql: `'2038-01-19 08:44:07'`, text: '2038-01-19 03:14:07' },
    ].map(zoned),
  },
  {
    // No instant but what a calendar and a clock show: the same whatever the session's zone.
    name: 'datetime_berlin',
    ddl: 'DATETIME',
    session: ["SET time_zone = 'Europe/Berlin'"],
    values: quoted('2024-03-31 02:30:00', '2024-10-27 02:30:00'),
  },
];

const TIMES = [
  ...['00:00:00.000000', '00:00:00.000001', '00:00:01.000000', '01:02:03.456789'],
  ...['12:00:00.500000', '23:59:59.000000', '23:59:59.999999'],
];

function timeCase(digits: number): TypeCase {
  return {
    name: `time_${digits}`,
    ddl: `TIME(${digits})`,
    values: [
      ...TIMES.map((text) => withFraction(text, digits)).map((value) => ({
        ...value,
        otherText: value.text ?? '',
      })),
      ...[
        ['24:00:00', '24:00:00'],
        ['100:00:00', '100:00:00'],
        ['838:59:59', '838:59:59'],
        ['-00:00:01', '-00:00:01'],
        ['-23:59:59', '-23:59:59'],
        ['-838:59:59', '-838:59:59'],
      ].map(([sql, otherText]) => ({
        sql: `'${sql}'`,
        text: null,
        otherText,
        rejected: NOT_A_TIME,
      })),
    ],
  };
}

/** MySQL ends at ±838:59:59.000000, MariaDB at ±838:59:59.999999. */
const timeEndsCase: TypeCase = {
  name: 'time_ends',
  ddl: 'TIME(6)',
  values: expressions(`'-838:59:59.999999'`, `'838:59:59.999999'`, `'-00:00:00.000001'`),
};

export const temporalCases: readonly TypeCase[] = [
  dateCase,
  ...FRACTIONS.map(datetimeCase),
  ...FRACTIONS.map(timestampCase),
  ...zoneCases,
  ...FRACTIONS.map(timeCase),
  timeEndsCase,
];
