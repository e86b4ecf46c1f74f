import assert from 'node:assert/strict';
import test from 'node:test';
import { RowCursor } from '../../src/batch/row-cursor.js';
import { lengthPrefix } from './wire.js';

test('readLength reads every form of a length and stops behind it', () => {
  const lengths = [
    0,
    1,
    250,
    251,
    252,
    255,
    65_535,
    65_536,
    2 ** 24 - 1,
    2 ** 24,
    2 ** 31,
    2 ** 33,
  ];
  for (const length of lengths) {
    const prefix = lengthPrefix(length);
    const cursor = new RowCursor();
    cursor.attach(Buffer.concat([Buffer.of(9, 9), prefix]), 2);
    assert.equal(cursor.readLength(), length);
    assert.equal(cursor.offset, 2 + prefix.length);
  }
});

test('readLength refuses what is no length', () => {
  for (const prefix of [0xfb, 0xff]) {
    const cursor = new RowCursor();
    cursor.attach(Buffer.of(prefix, 1, 2, 3), 0);
    assert.throws(() => cursor.readLength(), /malformed row packet: length prefix/);
  }
});

test('attach follows a buffer that lies inside a larger one', () => {
  const pool = Buffer.from([1, 2, 3, 4, 5, 6, 7, 8]);
  const cursor = new RowCursor();
  cursor.attach(pool.subarray(2, 6), 1);
  assert.equal(cursor.view.getUint8(cursor.offset), 4);
  cursor.attach(pool.subarray(4), 0);
  assert.deepEqual([cursor.view.getUint8(0), cursor.view.byteLength], [5, 4]);
});
