import type { BatchBuilder } from '../../batch/batch-builder.js';
import type { ColumnBuilder } from '../../batch/builder.js';
import { RowCursor } from '../../batch/row-cursor.js';
import type { TablePlan } from '../../model/column-plan.js';
import { readRowTexts } from './row-text.js';

/**
 * Decodes row packets of the binary protocol (COM_STMT_EXECUTE) straight into column builders: a
 * zero byte, a NULL bitmap that starts at its third bit, then the values that are not NULL. No JS
 * value is made per cell.
 */
export class RowDecoder {
  private readonly cursor = new RowCursor();
  private readonly builders: readonly ColumnBuilder[];
  private readonly bitmapBytes: number;

  constructor(
    private readonly plan: TablePlan,
    private readonly batch: BatchBuilder,
  ) {
    this.builders = batch.builders;
    this.bitmapBytes = (plan.columns.length + 9) >> 3;
  }

  /** Decodes the packet whose payload starts at `start` as the batch's next row. */
  decode(bytes: Uint8Array, start: number): void {
    const cursor = this.cursor;
    const bitmap = start + 1;
    cursor.attach(bytes, bitmap + this.bitmapBytes);
    const builders = this.builders;
    const row = this.batch.rows;
    const count = builders.length;
    for (let i = 0; i < count; i++) {
      const bit = i + 2;
      if ((bytes[bitmap + (bit >> 3)] & (1 << (bit & 7))) !== 0) builders[i].appendNull(row);
      else builders[i].append(cursor, row);
    }
    this.batch.rows = row + 1;
    if (this.batch.rejections.pending.length > 0) this.takeRejections(bytes, start);
  }

  /** The rare row with a value that its column can't hold is read once more, as text. */
  private takeRejections(bytes: Uint8Array, start: number): void {
    const texts = readRowTexts(this.plan, bytes, start);
    const { keyColumns } = this.plan;
    const key = keyColumns.length === 0 ? null : JSON.stringify(keyColumns.map((at) => texts[at]));
    for (const { column, reason } of this.batch.rejections.pending.splice(0)) {
      this.batch.addRejected({ column, key, sourceText: texts[column] ?? 'NULL', reason });
    }
  }
}
