import assert from 'node:assert/strict';
import test from 'node:test';
import { BatchBuilder } from '../../src/batch/batch-builder.js';
import {
  batchBytes,
  batchCapacity,
  layoutBatch,
  VECTOR_ROWS,
} from '../../src/batch/column-batch.js';
import { RowCursor } from '../../src/batch/row-cursor.js';
import { planOf } from './built-column.js';
import { lengthEncoded } from './wire.js';

const MIB = 2 ** 20;
const TEXT = planOf('longtext');
const INT = planOf('int');

function append(builder: BatchBuilder, column: number, value: Buffer): void {
  const cursor = new RowCursor();
  cursor.attach(value, 0);
  builder.builders[column].append(cursor, builder.rows);
}

function int(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

test('columns lie one after the other, aligned, and validity behind them', () => {
  const columns = [planOf('tinyint'), TEXT, planOf('bigint'), planOf('decimal(38,0)')];
  const layout = layoutBatch(columns, 64);
  assert.deepEqual(layout, {
    capacity: 64,
    fixedBytes: 64 + 64 * 16 + 64 * 8 + 64 * 16 + 4 * 8,
    columns: [
      { width: 1, dataOffset: 0, validityOffset: 2624 },
      { width: 16, dataOffset: 64, validityOffset: 2632 },
      { width: 8, dataOffset: 1088, validityOffset: 2640 },
      { width: 16, dataOffset: 1600, validityOffset: 2648 },
    ],
  });
});

test('a batch is whole vectors where rows are short, and small where they are wide', () => {
  const wide = Array.from({ length: 1000 }, () => TEXT);
  assert.equal(batchCapacity([INT], 20_480), 20_480);
  assert.equal(batchCapacity([INT], 20_479), 18_432);
  assert.equal(batchCapacity([INT], VECTOR_ROWS), VECTOR_ROWS);
  assert.equal(batchCapacity([INT], 1000), 960);
  assert.equal(batchCapacity([INT], 1), 64);
  assert.equal(batchCapacity(wide, 20_480), 256);
  assert.ok(layoutBatch(wide, 256).fixedBytes <= 4.5 * MIB);
  assert.equal(
    batchCapacity(
      Array.from({ length: 4096 }, () => TEXT),
      20_480,
    ),
    64,
  );
});

test('NULLs are marked in their own row, whatever the batch before held', () => {
  const builder = new BatchBuilder([INT], 128);
  const validityOf = (fixed: ArrayBuffer): Uint8Array =>
    new Uint8Array(fixed, layoutBatch([INT], 128).columns[0].validityOffset, 16);
  for (let row = 0; row < 128; row++) {
    builder.builders[0].appendNull(row);
    builder.rows = row + 1;
  }
  assert.ok(builder.isFull);
  const first = builder.take();
  assert.deepEqual([first.rows, first.hasNulls[0]], [128, 1]);
  assert.ok(validityOf(first.fixed).every((byte) => byte === 0));

  builder.recycle(first.fixed, first.heap);
  builder.take();
  for (const row of [0, 1, 63, 64, 65]) {
    append(builder, 0, int(row));
    builder.rows = row + 1;
  }
  builder.builders[0].appendNull(63);
  const second = builder.take();
  assert.equal(second.fixed, first.fixed, 'the buffers were used again');
  const expected = new Uint8Array(16).fill(0xff);
  expected[7] = 0x7f;
  assert.deepEqual(validityOf(second.fixed), expected);
  assert.equal(second.hasNulls[0], 1);
  builder.recycle(second.fixed, second.heap);
  assert.equal(builder.take().hasNulls[0], 0);
});

test('a batch ends where its heap is full, and huge values leave no huge buffers behind', () => {
  const builder = new BatchBuilder([INT, TEXT], 64);
  const megabyte = lengthEncoded('m'.repeat(MIB));
  while (!builder.isFull) {
    append(builder, 0, int(builder.rows));
    append(builder, 1, megabyte);
    builder.rows++;
  }
  const full = builder.take();
  assert.deepEqual([full.rows, full.heapBytes], [4, 4 * MIB]);
  assert.deepEqual([builder.rows, builder.isFull], [0, false]);
  assert.equal(batchBytes(full), full.fixed.byteLength + full.heap.byteLength);

  append(builder, 0, int(1));
  append(builder, 1, lengthEncoded(Buffer.alloc(20 * MIB, 'h')));
  builder.rows++;
  assert.ok(builder.isFull);
  const huge = builder.take();
  assert.ok(huge.heap.byteLength >= 20 * MIB);
  builder.recycle(huge.fixed, huge.heap);
  const next = [builder.take(), builder.take()];
  assert.ok(next.every(({ heap }) => heap !== huge.heap));
});

test('buffers of another layout are not taken back', () => {
  const builder = new BatchBuilder([INT], 64);
  const foreign = new BatchBuilder([INT], 128).take();
  builder.recycle(foreign.fixed, foreign.heap);
  builder.take();
  assert.notEqual(builder.take().fixed, foreign.fixed);
});

test('rejected values go with the batch of their rows', () => {
  const builder = new BatchBuilder([INT], 64);
  const rejected = { column: 0, key: null, sourceText: '?', reason: 'malformed value' } as const;
  builder.rows = 3;
  builder.addRejected(rejected);
  assert.deepEqual(builder.take().rejected, [{ ...rejected, row: 2 }]);
  assert.deepEqual(builder.take().rejected, []);
});
