import { BatchBuilder } from '../../src/batch/batch-builder.js';
import { type ColumnBatch, layoutBatch } from '../../src/batch/column-batch.js';
import { RowCursor } from '../../src/batch/row-cursor.js';
import {
  type ColumnPlan,
  planTable,
  type TablePlan,
  type TypeOptions,
} from '../../src/model/column-plan.js';
import type { RejectionReason } from '../../src/model/rejected-value.js';
import type { ColumnSchema, TableSchema } from '../../src/model/table-schema.js';

const CAPACITY = 64;
/** Behind each value, so that a builder that reads or writes too far shows. */
const GUARD = Buffer.alloc(32, 0xa5);

const DEFAULT_OPTIONS: TypeOptions = {
  tinyint1As: 'boolean',
  timeAs: 'time',
  timestampAs: 'timestamp',
};

/** The plan of a column declared like `decimal(10,2)`. */
export function planOf(
  columnType: string,
  options: Partial<TypeOptions> = {},
  details: Partial<ColumnSchema> = {},
): ColumnPlan {
  return planColumns([schemaOf(columnType, details)], [], options).columns[0];
}

/** The plan of a table of such columns, `c0` and so on; the key's columns by position. */
export function tableOf(columnTypes: readonly string[], key: readonly number[] = []): TablePlan {
  const columns = columnTypes.map((type, at) => schemaOf(type, { name: `c${at}` }));
  return planColumns(columns, key, {});
}

function planColumns(
  columns: readonly ColumnSchema[],
  key: readonly number[],
  options: Partial<TypeOptions>,
): TablePlan {
  const schema: TableSchema = {
    database: 'd',
    name: 't',
    columns,
    key: key.length === 0 ? null : { indexName: 'PRIMARY', columns: key.map((at) => `c${at}`) },
    engine: 'InnoDB',
    estimatedRows: 0,
    estimatedBytes: 0,
    watermark: null,
    createdAt: null,
    autoIncrement: null,
  };
  return planTable(schema, { ...DEFAULT_OPTIONS, ...options });
}

function schemaOf(columnType: string, details: Partial<ColumnSchema>): ColumnSchema {
  const [, dataType, precision = null, scale = null] =
    /^(\w+)(?:\((\d+)(?:,(\d+))?\))?/.exec(columnType) ?? [];
  return {
    name: 'c',
    dataType,
    columnType,
    nullable: true,
    characterSet: null,
    collation: null,
    numericPrecision: precision === null ? null : Number(precision),
    numericScale: scale === null ? null : Number(scale),
    isJsonText: false,
    ...details,
  };
}

/** One column's values as they lie in a batch. */
export interface BuiltColumn {
  readonly batch: ColumnBatch;
  /** Width of a value times row is where it begins. */
  readonly data: DataView;
  readonly isNull: (row: number) => boolean;
  /** What was reported, for each row. */
  readonly reasons: readonly (RejectionReason | null)[];
}

/**
 * Appends values in wire form, null for NULL. `tail` is how many bytes of the buffer follow each
 * value: 0 puts it at the buffer's very end.
 */
export function buildColumn(
  plan: ColumnPlan,
  values: readonly (Uint8Array | null)[],
  tail = GUARD.length,
): BuiltColumn {
  const builder = new BatchBuilder([plan], CAPACITY);
  const reasons = values.map((value, row) => {
    if (value === null) {
      builder.builders[0].appendNull(row);
    } else {
      const bytes = Buffer.concat([Buffer.of(0x5a), value, GUARD.subarray(0, tail)]);
      const cursor = new RowCursor();
      cursor.attach(bytes, 1);
      builder.builders[0].append(cursor, row);
      if (cursor.offset !== 1 + value.length) {
        throw new Error(
          `the cursor stands at ${cursor.offset}, the value has ${value.length} bytes`,
        );
      }
    }
    builder.rows = row + 1;
    return builder.rejections.pending.splice(0).at(0)?.reason ?? null;
  });
  const batch = builder.take();
  const { dataOffset, validityOffset } = layoutBatch([plan], CAPACITY).columns[0];
  const validity = new Uint8Array(batch.fixed, validityOffset, CAPACITY / 8);
  return {
    batch,
    data: new DataView(batch.fixed, dataOffset),
    isNull: (row) => (validity[row >> 3] & (1 << (row & 7))) === 0,
    reasons,
  };
}

/** A string_t's bytes: inside for up to 12, in the heap beyond. */
export function stringAt({ data, batch }: BuiltColumn, row: number): Buffer {
  const length = data.getUint32(row * 16, true);
  if (length <= 12) return Buffer.from(data.buffer, data.byteOffset + row * 16 + 4, length);
  return Buffer.from(batch.heap, Number(data.getBigUint64(row * 16 + 8, true)), length);
}
