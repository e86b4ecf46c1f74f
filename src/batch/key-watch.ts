import { CHANGE_UPSERT } from '../model/change-plan.js';
import type { ColumnPlan } from '../model/column-plan.js';
import {
  type BatchLayout,
  type ColumnBatch,
  type ColumnLayout,
  layoutBatch,
} from './column-batch.js';
import { ChangeControls } from './change-controls.js';

/** Beyond that many rows it is as fast to let the database find out. */
const MAX_ROWS = 1024;

const INLINE_BYTES = 12;

/** What is known of the keys of a few changes, without asking the database. */
export interface WatchedKeys {
  readonly hasDuplicates: boolean;
  /** Keys whose first change and whose last one are a delete. */
  readonly removals: number;
}

/**
 * Watches the keys of change batches as long as they are few: a small apply then needs no
 * statement and no grouping to find out which change is its key's last one.
 */
export class KeyWatch {
  private readonly controls: ChangeControls;
  private readonly isUsable: boolean;
  /** By the key's bytes: whether its first and its last change are a delete. null: too many. */
  private keys: Map<string, { first: boolean; last: boolean }> | null = new Map();
  private rows = 0;
  private layout: BatchLayout | null = null;

  constructor(
    private readonly columns: readonly ColumnPlan[],
    private readonly keyColumns: readonly number[],
  ) {
    this.controls = new ChangeControls(columns);
    // 0 and -0 are the same key and have different bytes.
    this.isUsable = keyColumns.every((at) => !/^(FLOAT|DOUBLE)/.test(columns[at].duckdbType));
  }

  /** Before the batch's buffers are changed by writing it. */
  add(batch: ColumnBatch): void {
    this.rows += batch.rows;
    if (!this.isUsable || this.rows > MAX_ROWS) this.keys = null;
    if (this.keys === null) return;
    if (this.layout?.capacity !== batch.capacity) {
      this.layout = layoutBatch(this.columns, batch.capacity);
    }
    const ops = this.controls.ops(batch);
    for (let row = 0; row < batch.rows; row++) {
      const isDelete = ops[row] !== CHANGE_UPSERT;
      const id = this.keyBytes(batch, this.layout, row);
      const known = this.keys.get(id);
      if (known === undefined) this.keys.set(id, { first: isDelete, last: isDelete });
      else known.last = isDelete;
    }
  }

  /** null: there are too many to know. */
  result(): WatchedKeys | null {
    if (this.keys === null) return null;
    let removals = 0;
    for (const { first, last } of this.keys.values()) if (first && last) removals++;
    return { hasDuplicates: this.keys.size < this.rows, removals };
  }

  clear(): void {
    this.rows = 0;
    this.keys = new Map();
  }

  private keyBytes(batch: ColumnBatch, { columns }: BatchLayout, row: number): string {
    let id = '';
    for (const at of this.keyColumns) {
      if (batch.hasNulls[at] === 1 && isNull(batch, columns[at], row)) {
        id += 'null ';
        continue;
      }
      const offset = columns[at].dataOffset + columns[at].width * row;
      id +=
        this.columns[at].layout.kind === 'fixed'
          ? `v${latin1(batch.fixed, offset, columns[at].width)}`
          : stringBytes(batch, offset);
    }
    return id;
  }
}

function isNull(batch: ColumnBatch, { validityOffset }: ColumnLayout, row: number): boolean {
  const bits = new Uint8Array(batch.fixed, validityOffset + (row >> 3), 1)[0];
  return (bits & (1 << (row & 7))) === 0;
}

/** The bytes of a string_t, behind their length. */
function stringBytes({ fixed, heap }: ColumnBatch, offset: number): string {
  const [length, , low] = new Uint32Array(fixed, offset, 4);
  const bytes =
    length <= INLINE_BYTES ? latin1(fixed, offset + 4, length) : latin1(heap, low, length);
  return `v${length} ${bytes}`;
}

function latin1(buffer: ArrayBuffer, offset: number, length: number): string {
  return Buffer.from(buffer, offset, length).toString('latin1');
}
