import { BatchBuilder } from '../../src/batch/batch-builder.js';
import type { ColumnBatch } from '../../src/batch/column-batch.js';
import {
  CHANGE_BEFORE,
  CHANGE_DELETE,
  CHANGE_UPSERT,
  planChanges,
} from '../../src/model/change-plan.js';
import type { ColumnPlan, TablePlan } from '../../src/model/column-plan.js';
import { RowDecoder } from '../../src/source/rows/row-decoder.js';
import { dateTime, lengthEncoded, rowPacket } from '../batch/wire.js';

export type Value = string | number | Buffer | null;
/** A change: what it says, then the row's values, or those of the key's columns. */
export type Change = readonly ['+' | '-' | '~', ...Value[]];

const OPS = { '+': CHANGE_UPSERT, '-': CHANGE_DELETE, '~': CHANGE_BEFORE };

/** Makes change batches, as the binlog thread does. */
export class ChangeBatches {
  seq = 0;

  constructor(readonly plan: TablePlan) {}

  /** The changes in batches of `rowsPerBatch` at most. */
  of(changes: Iterable<Change>, rowsPerBatch = 2048): ColumnBatch[] {
    const plan = planChanges(this.plan);
    const builder = new BatchBuilder(plan.columns, Math.ceil(rowsPerBatch / 64) * 64);
    const decoder = new RowDecoder(plan, builder);
    const batches: ColumnBatch[] = [];
    for (const [sign, ...values] of changes) {
      decoder.decode(this.packet(OPS[sign], values), 0);
      if (builder.rows === rowsPerBatch || builder.isFull) batches.push(builder.take());
    }
    if (builder.rows > 0) batches.push(builder.take());
    return batches;
  }

  private packet(op: number, values: readonly Value[]): Buffer {
    const { columns, keyColumns } = this.plan;
    const isKeyAlone = op !== CHANGE_UPSERT && keyColumns.length > 0;
    const row: (Buffer | null)[] = columns.map(() => null);
    values.forEach((value, at) => {
      if (isKeyAlone && at >= keyColumns.length) return;
      const column = isKeyAlone ? keyColumns[at] : at;
      row[column] = value === null ? null : wireValue(columns[column], value);
    });
    const seq = Buffer.alloc(4);
    seq.writeUInt32LE(this.seq++);
    return rowPacket([...row, Buffer.of(op), seq]);
  }
}

function wireValue({ encoding, sourceType }: ColumnPlan, value: Value): Buffer {
  if (encoding.kind === 'date' || encoding.kind === 'timestamp') return dateTime(String(value));
  if (encoding.kind === 'tinyint-boolean') return Buffer.of(Number(value));
  if (encoding.kind !== 'copy') {
    return lengthEncoded(Buffer.isBuffer(value) ? value : String(value));
  }
  const bytes = Buffer.alloc(8);
  if (sourceType === 'double') bytes.writeDoubleLE(Number(value));
  else bytes.writeBigInt64LE(BigInt(Number(value)));
  return bytes.subarray(0, encoding.bytes);
}
