import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { type BuiltColumn, buildColumn, planOf } from './built-column.js';
import { lengthEncoded } from './wire.js';

function bytesOf(precision: number): 2 | 4 | 8 | 16 {
  return precision <= 4 ? 2 : precision <= 9 ? 4 : precision <= 18 ? 8 : 16;
}

function integerAt({ data }: BuiltColumn, bytes: 2 | 4 | 8 | 16, row: number): bigint {
  switch (bytes) {
    case 2:
      return BigInt(data.getInt16(row * 2, true));
    case 4:
      return BigInt(data.getInt32(row * 4, true));
    case 8:
      return data.getBigInt64(row * 8, true);
    case 16:
      return data.getBigInt64(row * 16 + 8, true) * 2n ** 64n + data.getBigUint64(row * 16, true);
  }
}

/** `unscaled` in units of 10^-scale, as the server writes it. */
function decimalText(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const text = scale === 0 ? whole : `${whole}.${digits.slice(-scale)}`;
  return unscaled < 0n ? `-${text}` : text;
}

function assertDecimals(
  precision: number,
  scale: number,
  values: readonly bigint[],
  tail: number,
): void {
  const plan = planOf(`decimal(${precision},${scale})`);
  const built = buildColumn(
    plan,
    values.map((value) => lengthEncoded(decimalText(value, scale))),
    tail,
  );
  const bytes = bytesOf(precision);
  values.forEach((value, row) => {
    assert.equal(integerAt(built, bytes, row), value, `${plan.duckdbType} ${value}`);
  });
  assert.equal(built.batch.hasNulls[0], 0);
}

test('the ends of every DECIMAL are kept', () => {
  for (let precision = 1; precision <= 38; precision++) {
    for (const scale of [0, Math.floor(precision / 2), precision]) {
      const most = 10n ** BigInt(precision) - 1n;
      assertDecimals(precision, scale, [most, -most, 1n, -1n, 0n, most - 1n, 1n - most], 0);
    }
  }
});

test('any DECIMAL is kept', () => {
  const shape = fc.integer({ min: 1, max: 38 }).chain((precision) =>
    fc.record({
      precision: fc.constant(precision),
      scale: fc.integer({ min: 0, max: precision }),
      values: fc.array(
        fc.bigInt({ min: 1n - 10n ** BigInt(precision), max: 10n ** BigInt(precision) - 1n }),
        { minLength: 1, maxLength: 5 },
      ),
    }),
  );
  fc.assert(
    fc.property(shape, ({ precision, scale, values }) => {
      assertDecimals(precision, scale, values, 32);
    }),
  );
});

test('leading zeros of ZEROFILL and negative zero change nothing', () => {
  for (const [type, texts, expected] of [
    ['decimal(4,2)', ['00000000000000000001.50', '-0.00', '0.00'], [150n, 0n, 0n]],
    ['decimal(9,2)', ['0000000000000000001.50', '-0.00'], [150n, 0n]],
    ['decimal(18,2)', ['0000000000000000001.50', '-0.00'], [150n, 0n]],
    ['decimal(38,2)', [`${'0'.repeat(36)}1.50`, '-0.00'], [150n, 0n]],
  ] as const) {
    const built = buildColumn(
      planOf(type),
      texts.map((text) => lengthEncoded(text)),
    );
    const precision = Number(/\d+/.exec(type)?.[0]);
    const found = texts.map((_, row) => integerAt(built, bytesOf(precision), row));
    assert.deepEqual(found, [...expected], type);
  }
});

test('a number beyond the column is rejected, not wrapped around', () => {
  const texts: readonly (readonly [type: string, text: string])[] = [
    ['decimal(4,2)', '99999999999999.99'],
    ['decimal(9,0)', '99999999999999999'],
    ['decimal(18,0)', '99999999999999999999'],
    ['decimal(38,0)', '9'.repeat(40)],
    ['decimal(4,2)', '999.99'],
    ['decimal(9,0)', '9999999999'],
  ];
  for (const [type, text] of texts) {
    const built = buildColumn(planOf(type), [lengthEncoded(text)]);
    assert.deepEqual(
      [built.reasons[0], built.isNull(0)],
      ['number out of range', true],
      `${type} ${text}`,
    );
  }
});
