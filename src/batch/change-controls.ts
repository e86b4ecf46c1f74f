import { CHANGE_UPSERT } from '../model/change-plan.js';
import type { ColumnPlan } from '../model/column-plan.js';
import { type BatchLayout, type ColumnBatch, layoutBatch } from './column-batch.js';

/** Reads the control columns of change batches, the two behind all others (`planChanges`). */
export class ChangeControls {
  private layout: BatchLayout | null = null;

  constructor(private readonly columns: readonly ColumnPlan[]) {}

  /** What each row says: CHANGE_DELETE, CHANGE_UPSERT or CHANGE_BEFORE. */
  ops(batch: ColumnBatch): Uint8Array {
    const { columns } = this.layoutOf(batch);
    return new Uint8Array(batch.fixed, columns[columns.length - 2].dataOffset, batch.rows);
  }

  /** Each row's place in the binlog's order. */
  seqs(batch: ColumnBatch): Uint32Array {
    const { columns } = this.layoutOf(batch);
    return new Uint32Array(batch.fixed, columns[columns.length - 1].dataOffset, batch.rows);
  }

  /** Changes after which the row is not as it was, or not at all. */
  countDeletes(batch: ColumnBatch): number {
    const ops = this.ops(batch);
    let deletes = 0;
    for (let row = 0; row < ops.length; row++) if (ops[row] !== CHANGE_UPSERT) deletes++;
    return deletes;
  }

  private layoutOf({ capacity }: ColumnBatch): BatchLayout {
    if (this.layout?.capacity !== capacity) this.layout = layoutBatch(this.columns, capacity);
    return this.layout;
  }
}
