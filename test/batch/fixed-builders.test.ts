import assert from 'node:assert/strict';
import test from 'node:test';
import { buildColumn, planOf } from './built-column.js';
import { lengthEncoded } from './wire.js';

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');

test('integers are copied bit by bit', () => {
  const cases = [
    { type: 'tinyint', values: ['80', 'ff', '00', '7f'], width: 1 },
    { type: 'tinyint unsigned', values: ['00', 'ff'], width: 1 },
    { type: 'smallint', values: ['0080', 'ff7f', 'ffff'], width: 2 },
    { type: 'year', values: ['0000', '6b08'], width: 2 },
    { type: 'mediumint', values: ['000080ff', 'ffff7f00'], width: 4 },
    { type: 'int unsigned', values: ['ffffffff', '00000080'], width: 4 },
    { type: 'float', values: ['00000080', 'ffff7f7f', '01000000', '0000c07f'], width: 4 },
    { type: 'bigint', values: ['0000000000000080', 'ffffffffffffff7f'], width: 8 },
    { type: 'bigint unsigned', values: ['ffffffffffffffff', '0100000000000000'], width: 8 },
    {
      type: 'double',
      values: ['0000000000000080', 'ffffffffffffef7f', '0100000000000000'],
      width: 8,
    },
  ];
  for (const { type, values, width } of cases) {
    for (const tail of [0, 32]) {
      const built = buildColumn(planOf(type), values.map(bytes), tail);
      const data = Buffer.from(built.data.buffer, built.data.byteOffset, values.length * width);
      assert.equal(data.toString('hex'), values.join(''), type);
      assert.deepEqual([built.batch.rows, built.batch.hasNulls[0]], [values.length, 0], type);
    }
  }
});

test('TINYINT(1) is true but for 0, and tells of anything but 0 and 1', () => {
  const built = buildColumn(planOf('tinyint(1)'), ['00', '01', '02', 'ff', '80'].map(bytes));
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((row) => built.data.getUint8(row)),
    [0, 1, 1, 1, 1],
  );
  const lossy = 'not 0 or 1: stored as true';
  assert.deepEqual(built.reasons, [null, null, lossy, lossy, lossy]);
  assert.equal(built.batch.hasNulls[0], 0);
});

test('BIT(1) is a boolean, wider BITs a number of their big-endian bytes', () => {
  const boolean = buildColumn(
    planOf('bit(1)'),
    ['00', '01'].map((hex) => lengthEncoded(bytes(hex))),
  );
  assert.deepEqual([boolean.data.getUint8(0), boolean.data.getUint8(1)], [0, 1]);
  const values = ['01', '0102', '01ffffffff', 'ffffffffffffffff', '8000000000000001'];
  for (const tail of [0, 32]) {
    const number = buildColumn(
      planOf('bit(64)'),
      values.map((hex) => lengthEncoded(bytes(hex))),
      tail,
    );
    assert.deepEqual(
      values.map((_, row) => number.data.getBigUint64(row * 8, true)),
      [1n, 0x102n, 0x1ffffffffn, 2n ** 64n - 1n, 2n ** 63n + 1n],
    );
  }
});

test('a UUID is a 128-bit integer with its top bit flipped', () => {
  const texts = [
    '00000000-0000-0000-0000-000000000000',
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
    '01234567-89ab-cdef-0123-456789ABCDEF',
  ];
  const built = buildColumn(
    planOf('uuid'),
    texts.map((text) => lengthEncoded(text)),
    0,
  );
  texts.forEach((text, row) => {
    const low = built.data.getBigUint64(row * 16, true);
    const high = built.data.getBigUint64(row * 16 + 8, true) ^ (2n ** 63n);
    const expected = BigInt(`0x${text.replaceAll('-', '')}`);
    assert.equal(high * 2n ** 64n + low, expected);
  });
  assert.deepEqual(built.reasons, [null, null, null]);
});

test('a malformed UUID is rejected, whatever its length', () => {
  const texts = ['', '0123', '01234567-89ab-cdef-0123-456789abcde', 'f'.repeat(40), 'not a uuid'];
  const built = buildColumn(
    planOf('uuid'),
    texts.map((text) => lengthEncoded(text)),
  );
  texts.forEach((text, row) => {
    assert.equal(built.reasons[row], 'malformed value', text);
    assert.ok(built.isNull(row), text);
  });
});
