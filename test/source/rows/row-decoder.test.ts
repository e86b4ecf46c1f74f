import assert from 'node:assert/strict';
import test from 'node:test';
import { BatchBuilder } from '../../../src/batch/batch-builder.js';
import { layoutBatch } from '../../../src/batch/column-batch.js';
import type { TablePlan } from '../../../src/model/column-plan.js';
import { RowDecoder } from '../../../src/source/rows/row-decoder.js';
import { dateTime, lengthEncoded, rowPacket, time } from '../../batch/wire.js';
import { tableOf } from '../../batch/built-column.js';

const CAPACITY = 64;

function decoderOf(plan: TablePlan): { batch: BatchBuilder; decoder: RowDecoder } {
  const batch = new BatchBuilder(plan.columns, CAPACITY);
  return { batch, decoder: new RowDecoder(plan, batch) };
}

function int(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

test('NULL bits count from the third, over any number of columns', () => {
  for (const count of [1, 5, 6, 7, 8, 13, 14, 15, 22, 300, 1000]) {
    const plan = tableOf(Array.from({ length: count }, () => 'int'));
    const { batch, decoder } = decoderOf(plan);
    const rows = [0, 1, 2].map((row) =>
      Array.from({ length: count }, (_, at) => ((at + row) % 3 === 0 ? null : int(at * 10 + row))),
    );
    for (const row of rows) {
      const packet = rowPacket(row);
      // Rows come somewhere in a socket's buffer.
      decoder.decode(Buffer.concat([Buffer.alloc(7, 0xee), packet]), 7);
    }
    const { fixed, hasNulls, rows: taken } = batch.take();
    assert.equal(taken, 3);
    const layout = layoutBatch(plan.columns, CAPACITY);
    layout.columns.forEach(({ dataOffset, validityOffset }, at) => {
      const data = new Int32Array(fixed, dataOffset, 3);
      const [validity] = new Uint8Array(fixed, validityOffset, 1);
      const found = [0, 1, 2].map((row) => ((validity >> row) & 1 ? data[row] : null));
      const expected = rows.map((row) => row[at]?.readInt32LE() ?? null);
      assert.deepEqual(found, expected, `column ${at} of ${count}`);
      assert.equal(hasNulls[at], 1);
    });
  }
});

test('a rejected value is reported with key, text and reason, and the row stays', () => {
  const plan = tableOf(['int', 'date', 'varchar(20)', 'time(6)', 'tinyint(1)'], [2, 0]);
  const { batch, decoder } = decoderOf(plan);
  const date = dateTime('2024-02-30');
  const outside = time('-01:00:00.500000');
  decoder.decode(rowPacket([int(1), dateTime('2024-02-29'), lengthEncoded('a'), null, null]), 0);
  decoder.decode(rowPacket([int(2), date, lengthEncoded(`it's "b"`), outside, Buffer.of(2)]), 0);
  decoder.decode(rowPacket([int(3), date, null, null, Buffer.of(1)]), 0);
  const { rows, rejected } = batch.take();
  assert.equal(rows, 3);
  const key = JSON.stringify([`it's "b"`, '2']);
  assert.deepEqual(rejected, [
    { row: 1, column: 1, key, sourceText: '2024-02-30', reason: 'zero or partial date' },
    {
      row: 1,
      column: 3,
      key,
      sourceText: '-01:00:00.500000',
      reason: 'time outside 00:00:00 to 24:00:00',
    },
    { row: 1, column: 4, key, sourceText: '2', reason: 'not 0 or 1: stored as true' },
    {
      row: 2,
      column: 1,
      key: JSON.stringify([null, '3']),
      sourceText: '2024-02-30',
      reason: 'zero or partial date',
    },
  ]);
});

test('without a key a rejected value has none', () => {
  const plan = tableOf(['date']);
  const { batch, decoder } = decoderOf(plan);
  decoder.decode(rowPacket([dateTime('0000-00-00')]), 0);
  assert.deepEqual(batch.take().rejected, [
    { row: 0, column: 0, key: null, sourceText: '0000-00-00', reason: 'zero or partial date' },
  ]);
});
