import assert from 'node:assert/strict';
import test from 'node:test';
import { daysFromDate } from '../../src/batch/temporal-builders.js';
import { buildColumn, planOf } from './built-column.js';
import { dateTime, time } from './wire.js';

const DAY_MS = 86_400_000;

/** What a calendar that JavaScript brings along says. */
function utcDays(year: number, month: number, day: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getTime() / DAY_MS;
}

function utcMicros(text: string): bigint {
  const [date, clock = '00:00:00'] = text.split(' ');
  const [year, month, day] = date.split('-').map(Number);
  const [hours, minutes, seconds, micros = 0] = clock.split(/[:.]/).map(Number);
  const inDay = BigInt(hours * 3600 + minutes * 60 + seconds) * 1_000_000n + BigInt(micros);
  return BigInt(utcDays(year, month, day)) * 86_400_000_000n + inDay;
}

test('daysFromDate knows every day of the years 1 to 9999', () => {
  let expected = utcDays(1, 1, 1);
  for (let year = 1; year <= 9999; year++) {
    for (let month = 1; month <= 12; month++) {
      const days = utcDays(year, month + 1, 1) - utcDays(year, month, 1);
      // The ends of a month; all its days lie between them.
      assert.equal(daysFromDate(year, month, 1), expected);
      assert.equal(daysFromDate(year, month, days), expected + days - 1);
      assert.ok(Number.isNaN(daysFromDate(year, month, days + 1)), `${year}-${month}-${days + 1}`);
      expected += days;
    }
  }
  for (let day = 1; day <= 31; day++)
    assert.equal(daysFromDate(2024, 1, day), utcDays(2024, 1, day));
});

const NO_DATES = [
  '0000-00-00',
  '0000-01-01',
  '2024-00-10',
  '2024-05-00',
  '2023-02-29',
  '2024-04-31',
];

test('DATE is a number of days, and no date at all is rejected', () => {
  const dates = ['0001-01-01', '1969-12-31', '1970-01-01', '2000-02-29', '9999-12-31'];
  for (const tail of [0, 32]) {
    const built = buildColumn(planOf('date'), [...dates, ...NO_DATES].map(dateTime), tail);
    dates.forEach((text, row) => {
      const [year, month, day] = text.split('-').map(Number);
      assert.equal(built.data.getInt32(row * 4, true), utcDays(year, month, day), text);
    });
    assert.deepEqual(built.reasons, [
      ...dates.map(() => null),
      ...NO_DATES.map(() => 'zero or partial date'),
    ]);
    NO_DATES.forEach((text, at) => assert.ok(built.isNull(dates.length + at), text));
  }
  assert.deepEqual(buildColumn(planOf('date'), [Buffer.of(4, 0xe8, 7, 13, 1)]).reasons, [
    'zero or partial date',
  ]);
});

test('DATETIME and TIMESTAMP are microseconds, exact over all years', () => {
  const texts = [
    ...['0001-01-01 00:00:00', '0001-01-01 00:00:00.000001', '1000-01-01 23:59:59.999999'],
    // Around the microseconds that a double does not hold any more.
    ...['1684-07-28 00:12:25.259007', '1684-07-28 00:12:25.259009', '1684-07-28 00:12:25.259008'],
    ...['1969-12-31 23:59:59.999999', '1970-01-01 00:00:00', '1970-01-01 00:00:00.000001'],
    ...[
      '2024-02-29 12:34:56.7'.padEnd(26, '0'),
      '2255-06-05 23:47:34.740993',
      '2038-01-19 03:14:08',
    ],
    ...['9999-12-31 23:59:59.999999', '9999-12-31 00:00:00'],
  ];
  for (const type of ['datetime(6)', 'timestamp(6)']) {
    for (const tail of [0, 32]) {
      const built = buildColumn(planOf(type), texts.map(dateTime), tail);
      texts.forEach((text, row) => {
        assert.equal(built.data.getBigInt64(row * 8, true), utcMicros(text), `${type} ${text}`);
      });
      assert.equal(built.batch.hasNulls[0], 0);
    }
  }
});

test('no DATETIME without a date', () => {
  const texts = NO_DATES.flatMap((date) => [`${date} 00:00:00`, `${date} 23:59:59.999999`]);
  const built = buildColumn(planOf('datetime(6)'), texts.map(dateTime));
  texts.forEach((text, row) => {
    assert.deepEqual([built.reasons[row], built.isNull(row)], ['zero or partial date', true], text);
  });
});

const TIMES: readonly (readonly [text: string, micros: bigint])[] = [
  ['00:00:00', 0n],
  ['00:00:00.000001', 1n],
  ['00:00:01', 1_000_000n],
  ['12:34:56.789012', 45_296_789_012n],
  ['23:59:59.999999', 86_399_999_999n],
];
const NO_TIMES: readonly (readonly [text: string, micros: bigint])[] = [
  ['24:00:00', 86_400_000_000n],
  ['24:00:00.000001', 86_400_000_001n],
  ['838:59:59.999999', 3_020_399_999_999n],
  ['-00:00:00.000001', -1n],
  ['-00:00:01', -1_000_000n],
  ['-24:00:00', -86_400_000_000n],
  ['-838:59:59.999999', -3_020_399_999_999n],
];

test('TIME is a time of day, and what is none is rejected', () => {
  const texts = [...TIMES, ...NO_TIMES].map(([text]) => text);
  for (const tail of [0, 32]) {
    const built = buildColumn(planOf('time(6)'), texts.map(time), tail);
    TIMES.forEach(([text, micros], row) => {
      assert.equal(built.data.getBigInt64(row * 8, true), micros, text);
    });
    texts.forEach((text, row) => {
      const isTime = row < TIMES.length;
      assert.equal(built.reasons[row], isTime ? null : 'time outside 00:00:00 to 24:00:00', text);
      assert.equal(built.isNull(row), !isTime, text);
    });
  }
});

test('TIME as INTERVAL keeps every value', () => {
  const all = [...TIMES, ...NO_TIMES];
  const built = buildColumn(
    planOf('time(6)', { timeAs: 'interval' }),
    all.map(([text]) => time(text)),
    0,
  );
  all.forEach(([text, micros], row) => {
    const monthsAndDays = built.data.getBigInt64(row * 16, true);
    assert.deepEqual(
      [monthsAndDays, built.data.getBigInt64(row * 16 + 8, true)],
      [0n, micros],
      text,
    );
  });
  assert.equal(built.batch.hasNulls[0], 0);
});
