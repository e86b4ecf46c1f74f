import { setImmediate } from 'node:timers/promises';
import { type DuckDBDataChunk, type DuckDBType, DuckDBTypeId } from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import * as arrow from 'apache-arrow';
import { builderFor } from './arrow-types.js';
import { type Effort, type RowSlice, rowSlices } from '../row-slices.js';
import type { ColumnBuilder } from './column-builder.js';

/** Rows of a record batch, about. */
const BATCH_ROWS = 32 * 1024;

const MB = 1024 * 1024;

/** What is not copied as a whole; most columns of Arrow are, in no time. */
const EFFORT: Effort = {
  perByte: new Map([
    [DuckDBTypeId.VARCHAR, 1],
    [DuckDBTypeId.BLOB, 1],
    [DuckDBTypeId.GEOMETRY, 1],
  ]),
  perElement: 16,
  slice: 16 * MB,
  most: 256 * MB,
  mostText: '256 MB of texts and BLOBs or 16 million elements of lists',
};

/** Keeps what a writer writes until it is taken. */
class Outbox extends arrow.AsyncByteQueue {
  private pieces: Uint8Array[] = [];

  override write(value: Uint8Array): void {
    if (value.byteLength > 0) this.pieces.push(value);
  }

  take(): Uint8Array {
    const bytes = Buffer.concat(this.pieces);
    this.pieces = [];
    return bytes;
  }
}

/** Types that Arrow has nothing for; the query is to cast them to VARCHAR. */
export function needsText(type: DuckDBType): boolean {
  return builderFor(type) === null;
}

/**
 * A result as an Arrow IPC stream, in pieces of a record batch each. The vectors' memory is copied
 * into Arrow's buffers, without a JS value for each of theirs.
 */
export async function* arrowPieces(
  columns: readonly { readonly name: string }[],
  types: readonly DuckDBType[],
  chunks: AsyncIterable<DuckDBDataChunk>,
): AsyncGenerator<Uint8Array> {
  const builders = types.map((type) => builderFor(type)!);
  const schema = new arrow.Schema(
    columns.map(({ name }, at) => new arrow.Field(name, builders[at].type, true)),
  );
  const outbox = new Outbox();
  const writer = new arrow.RecordBatchStreamWriter();
  writer.reset(outbox, schema);
  let rows = 0;
  let effort = 0;
  for await (const chunk of chunks) {
    for (const slice of rowSlices(chunk, types, EFFORT)) {
      if (slice.from > 0) await setImmediate();
      append(builders, chunk, slice);
      rows += slice.count;
      effort += slice.effort;
      if (rows < BATCH_ROWS && effort < EFFORT.slice) continue;
      writer.write(batchOf(schema, builders, rows));
      rows = effort = 0;
      yield outbox.take();
    }
  }
  writer.write(batchOf(schema, builders, rows));
  writer.finish();
  yield outbox.take();
}

function append(
  builders: readonly ColumnBuilder[],
  { chunk }: DuckDBDataChunk,
  slice: RowSlice,
): void {
  for (let at = 0; at < builders.length; at++) {
    builders[at].append(duckdb.data_chunk_get_vector(chunk, at), [slice]);
  }
}

function batchOf(
  schema: arrow.Schema,
  builders: readonly ColumnBuilder[],
  rows: number,
): arrow.RecordBatch {
  const children = builders.map((builder) => builder.finish());
  const type = new arrow.Struct(schema.fields);
  return new arrow.RecordBatch(
    schema,
    arrow.makeData({ type, length: rows, nullCount: 0, children }),
  );
}
