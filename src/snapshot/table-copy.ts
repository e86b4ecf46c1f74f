import { randomUUID } from 'node:crypto';
import { type ColumnBatch, batchBytes, batchCapacity, valueBytes } from '../batch/column-batch.js';
import { toError } from '../common/errors.js';
import { stagingTableName } from '../common/identifiers.js';
import type { Chunk } from '../model/chunk.js';
import type { TablePlan } from '../model/column-plan.js';
import type { ReaderTable } from '../source/reader-protocol.js';
import type { Reader } from '../source/reader-pool.js';
import type { RejectedValueBuffer } from '../state/rejected-values.js';
import type { Database } from '../target/database.js';
import { createTable, dropTable, qualifiedName } from '../target/ddl.js';
import { InsertWriter } from '../target/insert-writer.js';
import { LARGE_ROW_BYTES } from '../target/staged-apply.js';
import type { StagingLanes } from '../target/staging-lanes.js';
import { StagingTable } from '../target/staging-table.js';
import { chooseFsstColumns } from '../target/string-compression.js';
import type { SnapshotHooks } from './hooks.js';
import { readerWindowBytes, type SnapshotOptions } from './options.js';

/** Where copies write to, the same for all tables of a sync. */
export interface CopyTarget {
  readonly database: Database;
  readonly lanes: StagingLanes;
  readonly rejected: RejectedValueBuffer;
  readonly options: SnapshotOptions;
  readonly hooks: SnapshotHooks;
  readonly onRows: (table: string, rows: number) => void;
}

/** How rows get into the staging table: the fast way, or the INSERT fallback. */
interface StagingWriter {
  append(batch: ColumnBatch, reader: Reader): void;
  hasFailed(): boolean;
  finish(): Promise<void>;
  abandon(): Promise<void>;
}

/**
 * One attempt at copying one table into a staging table of its own. Chunks are handed to readers,
 * which may be several at once; the copy is complete when every chunk is read and written.
 */
export class TableCopy {
  readonly copyId = randomUUID();
  readonly staging: string;
  readonly readerTable: ReaderTable;
  rows = 0;
  bytes = 0;
  rejectedValues = 0;
  /** Readers that have read from it and not yet sent the rest of their last batch. */
  readonly readers = new Set<Reader>();
  private isAbandoned = false;
  private readonly remaining: Chunk[];
  private writer!: StagingWriter;

  private constructor(
    readonly plan: TablePlan,
    chunks: readonly Chunk[],
    private readonly target: CopyTarget,
  ) {
    this.remaining = [...chunks];
    this.staging = stagingTableName(plan.schema.name);
    const capacity = batchCapacity(plan.columns, target.options.batchRows);
    this.readerTable = { copyId: this.copyId, plan, capacity };
  }

  static async start(
    plan: TablePlan,
    chunks: readonly Chunk[],
    target: CopyTarget,
    useInserts: boolean,
  ): Promise<TableCopy> {
    const copy = new TableCopy(plan, chunks, target);
    if (useInserts) {
      const { database, options } = target;
      await createTable(database, options.targetSchema, copy.staging, plan.columns);
      copy.writer = copy.createInsertWriter();
    } else {
      copy.writer = copy.createLaneWriter();
    }
    return copy;
  }

  takeChunk(): Chunk | undefined {
    // Reading on is in vain once writing has failed; `finish` tells why.
    if (this.writer.hasFailed()) this.remaining.length = 0;
    return this.isAbandoned ? undefined : this.remaining.shift();
  }

  get hasChunks(): boolean {
    return !this.isAbandoned && this.remaining.length > 0;
  }

  /** Takes a batch that `reader` read; its buffers go back there when they are not needed any more. */
  accept(batch: ColumnBatch, reader: Reader): void {
    if (this.isAbandoned) {
      reader.recycle(batch, batchBytes(batch));
      return;
    }
    this.rows += batch.rows;
    this.bytes += valueBytes(batch);
    const { critical } = this.target.database;
    if (batch.heapBytes / batch.rows > LARGE_ROW_BYTES) critical.expectLargeValues();
    this.rejectedValues += batch.rejected.length;
    if (batch.rejected.length > 0) {
      const names = this.plan.columns.map((column) => column.name);
      this.target.rejected.append(this.copyId, names, batch.rejected);
    }
    this.writer.append(batch, reader);
  }

  /** Resolves when every row that was read is in the staging table. */
  finish(): Promise<void> {
    return this.writer.finish();
  }

  /** Gives the copy up: late batches are discarded, the staging table goes. */
  async abandon(): Promise<void> {
    this.isAbandoned = true;
    await this.writer.abandon();
    await dropTable(this.target.database, this.target.options.targetSchema, this.staging);
  }

  private createLaneWriter(): StagingWriter {
    const { database, lanes, options, hooks, onRows } = this.target;
    const { name } = this.plan.schema;
    const owners = new Map<ColumnBatch, Reader>();
    const { targetSchema } = options;
    const { columns } = this.plan;
    const { estimatedRows } = this.plan.schema;
    const table = new StagingTable(lanes, {
      catalog: database.catalog,
      schema: targetSchema,
      name: this.staging,
      columns,
      create: async (sample) => {
        const fsst =
          sample === null ? undefined : chooseFsstColumns(columns, estimatedRows, sample);
        await createTable(database, targetSchema, this.staging, columns, fsst);
        return database.columnTypes(qualifiedName(database, targetSchema, this.staging));
      },
      estimatedRows,
      flushRows: options.flushRows,
      flushBytes: readerWindowBytes(options) / 2,
      onConsumed: (batch, bytes) => {
        owners.get(batch)?.recycle(batch, bytes);
        owners.delete(batch);
      },
      onWritten: (rows) => {
        onRows(name, rows);
      },
      beforeFlush: async () => hooks.beforeFlush?.(name),
    });
    return {
      append: (batch, reader) => {
        owners.set(batch, reader);
        table.append(batch);
      },
      hasFailed: () => table.hasFailed,
      finish: () => table.finish(),
      abandon: () => table.abandon(),
    };
  }

  private createInsertWriter(): StagingWriter {
    const { database, options, onRows } = this.target;
    const { targetSchema, insertRows } = options;
    const inserts = new InsertWriter(
      database,
      targetSchema,
      this.staging,
      this.plan.columns,
      insertRows,
    );
    let last = Promise.resolve();
    let failure: Error | null = null;
    return {
      append: (batch, reader) => {
        // One after the other; the reader's window bounds how many wait.
        last = last
          .then(() => (this.isAbandoned || failure !== null ? undefined : inserts.write(batch)))
          .catch((error: unknown) => {
            failure ??= toError(error);
          })
          .then(() => {
            onRows(this.plan.schema.name, batch.rows);
            reader.recycle(batch, batchBytes(batch));
          });
      },
      hasFailed: () => failure !== null,
      finish: async () => {
        await last;
        if (failure !== null) throw failure;
      },
      abandon: () => last,
    };
  }
}
