import type { ColumnPlan } from '../model/column-plan.js';
import { BatchBuilder } from './batch-builder.js';
import { batchCapacity, type ColumnBatch, VECTOR_ROWS } from './column-batch.js';
import { RowCursor } from './row-cursor.js';
import { BytesBuilder } from './string-builders.js';

const BATCH_ROWS = 4 * VECTOR_ROWS;

/** Rows of texts, each with the number of the line that it came in: INTEGER, then as many VARCHAR. */
export class TextRows {
  readonly plans: readonly ColumnPlan[];
  private readonly builder: BatchBuilder;
  private readonly texts: readonly BytesBuilder[];
  private readonly line = new RowCursor();
  private written = 0;

  /** `write` gets batches of them, whose buffers are used again when it returns. */
  constructor(
    readonly columns: number,
    private readonly write: (batch: ColumnBatch) => void,
  ) {
    this.plans = [
      plan('line', { duckdbType: 'INTEGER', layout: FIXED, encoding: COPIED }),
      ...Array.from({ length: columns }, (_, at) =>
        plan(`c${at}`, { duckdbType: 'VARCHAR', layout: STRING, encoding: BYTES }),
      ),
    ];
    this.builder = new BatchBuilder(this.plans, batchCapacity(this.plans, BATCH_ROWS));
    this.texts = this.builder.builders.filter((builder) => builder instanceof BytesBuilder);
    this.line.attach(new Uint8Array(4), 0);
  }

  /** All that were ever begun and ended. */
  get count(): number {
    return this.written + this.builder.rows;
  }

  begin(line: number): void {
    this.line.view.setInt32(0, line, true);
    this.line.offset = 0;
    this.builder.builders[0].append(this.line, this.builder.rows);
  }

  /** The `length` bytes at the cursor, which are UTF-8, are the value of the row that was begun. */
  setText(column: number, cursor: RowCursor, length: number): void {
    this.texts[column].appendBytes(cursor, this.builder.rows, length);
  }

  setNull(column: number): void {
    this.texts[column].appendNull(this.builder.rows);
  }

  /** After each column was set once. */
  end(): void {
    this.builder.rows++;
    if (this.builder.isFull) this.flush();
  }

  flush(): void {
    if (this.builder.rows === 0) return;
    this.written += this.builder.rows;
    const batch = this.builder.take();
    this.write(batch);
    this.builder.recycle(batch.fixed, batch.heap);
  }
}

const FIXED = { kind: 'fixed', bytes: 4 } as const;
const COPIED = { kind: 'copy', bytes: 4 } as const;
const STRING = { kind: 'string' } as const;
const BYTES = { kind: 'bytes' } as const;

function plan(
  name: string,
  mapping: Pick<ColumnPlan, 'duckdbType' | 'layout' | 'encoding'>,
): ColumnPlan {
  return { name, sourceType: 'text', lossy: null, ...mapping };
}
