import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { writeInt64 } from '../../src/batch/int64.js';

function written(write: (data: Int32Array) => void): bigint {
  const data = new Int32Array(4).fill(0x55555555);
  write(data);
  assert.deepEqual([data[0], data[3]], [0x55555555, 0x55555555], 'wrote beside its place');
  return new DataView(data.buffer).getBigInt64(4, true);
}

function writtenInteger(value: number): bigint {
  return written((data) => {
    writeInt64(data, 1, value);
  });
}

test('writeInt64 writes every integer that a double holds', () => {
  const { MAX_SAFE_INTEGER: max } = Number;
  for (const value of [0, 1, -1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, -(2 ** 32), 2 ** 53, max, -max]) {
    assert.equal(writtenInteger(value), BigInt(value));
  }
  fc.assert(
    fc.property(fc.integer({ min: -max, max }), (value) => {
      assert.equal(writtenInteger(value), BigInt(value));
    }),
  );
});
