import assert from 'node:assert/strict';
import test from 'node:test';
import { BatchBuilder } from '../../src/batch/batch-builder.js';
import { RowDecoder } from '../../src/source/rows/row-decoder.js';
import { chooseFsstColumns } from '../../src/target/string-compression.js';
import { tableOf } from '../batch/built-column.js';
import { lengthEncoded, rowPacket } from '../batch/wire.js';

const ROWS = 20_480;
const LARGE_TABLE = 1_000_000;

/** What is chosen for a text column whose row `n` holds `text(n)`. */
function isFsst(
  text: (n: number) => string | null,
  { type = 'varchar(5000)', rows = ROWS, tableRows = LARGE_TABLE } = {},
): boolean {
  const plan = tableOf(['tinyint', type], []);
  const batch = new BatchBuilder(plan.columns, ROWS);
  const decoder = new RowDecoder(plan, batch);
  for (let n = 0; n < rows; n++) {
    const value = text(n);
    decoder.decode(rowPacket([Buffer.of(1), value === null ? null : lengthEncoded(value)]), 0);
  }
  return chooseFsstColumns(plan.columns, tableRows, batch.take()).has(1);
}

const inlineText = (n: number): string => `u${n}`;
const longText = (n: number): string => `user${n}@example.com`;

test('texts that all differ get FSST, short or long', () => {
  assert.equal(isFsst(inlineText), true);
  assert.equal(isFsst(longText), true);
});

test('NULLs say nothing about the others', () => {
  assert.equal(
    isFsst((n) => (n % 3 === 0 ? longText(n) : null)),
    true,
  );
  assert.equal(
    isFsst((n) => (n % 100 === 0 ? longText(n) : null)),
    false,
    'too few values to tell',
  );
  assert.equal(
    isFsst(() => null),
    false,
  );
});

test('texts that repeat are left to DuckDB', () => {
  assert.equal(
    isFsst((n) => longText(n % 5000)),
    false,
  );
  assert.equal(
    isFsst((n) => (n % 10 === 0 ? 'the same' : longText(n))),
    false,
  );
});

test('long texts, bytes, small samples and small tables are left to DuckDB', () => {
  assert.equal(
    isFsst((n) => longText(n).padEnd(400, 'x')),
    false,
  );
  assert.equal(isFsst(longText, { type: 'varbinary(5000)' }), false);
  assert.equal(isFsst(longText, { rows: 100 }), false);
  assert.equal(isFsst(longText, { tableRows: 100_000 }), false);
});
