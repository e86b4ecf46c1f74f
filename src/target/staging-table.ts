import type {
  DuckDBAppender,
  DuckDBConnection,
  DuckDBDataChunk,
  DuckDBType,
} from '@duckdb/node-api';
import { batchBytes, type ColumnBatch } from '../batch/column-batch.js';
import { toError } from '../common/errors.js';
import { quoteDuckdbName } from '../common/identifiers.js';
import type { ColumnPlan } from '../model/column-plan.js';
import { ChunkWriter, chunkRows, type PinnedBatch } from './chunk-writer.js';
import type { FillChunk } from './staging-lane.js';
import type { StagingLanes } from './staging-lanes.js';

/** DuckDB compresses and writes rows in groups of this many. */
const ROW_GROUP_ROWS = 122_880;
/** Up to this many rows the Appender is flushed at once: it blocks for a few milliseconds. */
const APPENDER_ROWS = 2 * 2048;

export interface StagingTableOptions {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly ColumnPlan[];
  readonly types: readonly DuckDBType[];
  /** Rows between flushes. */
  readonly flushRows: number;
  /** A flush happens earlier when this many bytes wait. */
  readonly flushBytes: number;
  /** Told when DuckDB has consumed a batch, whose buffers may then be reused. */
  readonly onConsumed: (batch: ColumnBatch, bytes: number) => void;
  /** Told when rows have been written. */
  readonly onWritten: (rows: number) => void;
  readonly beforeFlush: () => Promise<void>;
}

interface Waiting {
  readonly batch: ColumnBatch;
  readonly bytes: number;
}

/**
 * A table being filled under its staging name. Batches wait until a flush is worth it, then go to
 * DuckDB on a lane in whole row groups; what is left at the end of a small table goes through the
 * Appender, which costs less than a statement.
 */
export class StagingTable {
  rowsWritten = 0;
  private readonly waiting: Waiting[] = [];
  private waitingRows = 0;
  private waitingBytes = 0;
  private readonly flushes = new Set<Promise<void>>();
  private failure: Error | null = null;
  private readonly writer: ChunkWriter;

  constructor(
    private readonly lanes: StagingLanes,
    readonly options: StagingTableOptions,
  ) {
    this.writer = new ChunkWriter(options.columns, options.types);
  }

  /** Takes a batch; never blocks. The reader's window bounds what waits here. */
  append(batch: ColumnBatch): void {
    const bytes = batchBytes(batch);
    if (this.failure !== null) {
      this.options.onConsumed(batch, bytes);
      return;
    }
    this.waiting.push({ batch, bytes });
    this.waitingRows += batch.rows;
    this.waitingBytes += bytes;
    if (this.isFlushWorth()) this.startFlush();
  }

  private isFlushWorth(): boolean {
    const { flushRows, flushBytes } = this.options;
    return this.waitingRows >= flushRows || this.waitingBytes >= flushBytes;
  }

  get hasFailed(): boolean {
    return this.failure !== null;
  }

  /** Resolves when every row is in the staging table; throws what a flush failed with. */
  async finish(): Promise<void> {
    while (this.flushes.size > 0) await Promise.all(this.flushes);
    this.throwFailure();
    while (this.waitingRows > APPENDER_ROWS) await this.flush();
    if (this.waitingRows > 0) await this.lanes.withConnection((c) => this.appendRest(c));
  }

  /** Gives back what waits and lets flushes under way come to their end. */
  async abandon(): Promise<void> {
    this.failure ??= new Error('abandoned');
    for (const { batch, bytes } of this.takeAll()) this.options.onConsumed(batch, bytes);
    await Promise.allSettled(this.flushes);
  }

  private throwFailure(): void {
    if (this.failure !== null) throw this.failure;
  }

  private startFlush(): void {
    // One waiting for a lane takes all that has come until then.
    if (this.flushes.size >= this.lanes.count) return;
    const flush: Promise<void> = this.flush()
      .catch((error: unknown) => {
        this.failure ??= toError(error);
        for (const { batch, bytes } of this.takeAll()) this.options.onConsumed(batch, bytes);
      })
      .finally(() => {
        this.flushes.delete(flush);
      });
    this.flushes.add(flush);
  }

  private async flush(): Promise<void> {
    await this.lanes.withLane(async (lane) => {
      if (this.waitingRows === 0) return;
      await this.options.beforeFlush();
      const feed = new BatchFeed(
        this.writer,
        () => this.next(),
        () => this.isFlushWorth(),
        this.options.onConsumed,
      );
      const columns = this.options.columns.map(({ name }, index) => ({
        name,
        type: this.options.types[index],
      }));
      try {
        await lane.run(this.qualifiedName, columns, feed.fill);
      } finally {
        feed.releaseAll();
      }
      this.written(feed.rows);
    });
  }

  /** The next batch for a running flush, or null where it should end. */
  private next(): Waiting | null {
    const next = this.waiting.shift();
    if (next === undefined) return null;
    this.waitingRows -= next.batch.rows;
    this.waitingBytes -= next.bytes;
    return next;
  }

  private takeAll(): Waiting[] {
    const all = this.waiting.splice(0);
    this.waitingRows = 0;
    this.waitingBytes = 0;
    return all;
  }

  private async appendRest(connection: DuckDBConnection): Promise<void> {
    const { schema, name } = this.options;
    await this.options.beforeFlush();
    const appender = await connection.createAppender(name, schema);
    const chunk = this.writer.createChunk();
    let rows = 0;
    try {
      for (const { batch, bytes } of this.takeAll()) {
        rows += this.appendBatch(appender, chunk, batch);
        this.options.onConsumed(batch, bytes);
      }
      appender.flushSync();
    } finally {
      appender.closeSync();
    }
    this.written(rows);
  }

  private appendBatch(
    appender: DuckDBAppender,
    chunk: DuckDBDataChunk,
    batch: ColumnBatch,
  ): number {
    const pinned = this.writer.pin(batch);
    for (let from = 0; from < batch.rows; from += chunkRows(batch, from)) {
      chunk.reset();
      this.writer.fill(chunk, pinned, from, chunkRows(batch, from));
      appender.appendDataChunk(chunk);
    }
    return batch.rows;
  }

  private written(rows: number): void {
    this.rowsWritten += rows;
    this.options.onWritten(rows);
  }

  private get qualifiedName(): string {
    return `${quoteDuckdbName(this.options.schema)}.${quoteDuckdbName(this.options.name)}`;
  }
}

interface Feeding {
  readonly waiting: Waiting;
  /** Referenced as long as DuckDB may read: it owns the copy of the heap. */
  readonly pinned: PinnedBatch;
  from: number;
}

/** Cuts batches into vectors for one insert, and gives each batch back when DuckDB is done with it. */
class BatchFeed {
  rows = 0;
  private current: Feeding | null = null;
  /** DuckDB may still be reading this one's last vector. */
  private previous: Feeding | null = null;

  constructor(
    private readonly writer: ChunkWriter,
    private readonly next: () => Waiting | null,
    private readonly isMoreWorth: () => boolean,
    private readonly release: (batch: ColumnBatch, bytes: number) => void,
  ) {}

  readonly fill: FillChunk = (chunk) => {
    const current = this.current ?? this.advance();
    if (current === null) return false;
    const { batch } = current.waiting;
    const count = chunkRows(batch, current.from);
    this.writer.fill(chunk, current.pinned, current.from, count);
    this.rows += count;
    current.from += count;
    if (current.from === batch.rows) {
      this.releasePrevious();
      this.previous = current;
      this.current = null;
    }
    return true;
  };

  releaseAll(): void {
    this.releasePrevious();
    this.previous = this.current;
    this.releasePrevious();
    this.current = null;
  }

  private advance(): Feeding | null {
    // Ending at a whole row group leaves none half full on the way.
    if (this.rows > 0 && this.rows % ROW_GROUP_ROWS === 0 && !this.isMoreWorth()) return null;
    const waiting = this.next();
    if (waiting === null) return null;
    this.current = { waiting, pinned: this.writer.pin(waiting.batch), from: 0 };
    return this.current;
  }

  private releasePrevious(): void {
    if (this.previous === null) return;
    this.release(this.previous.waiting.batch, this.previous.waiting.bytes);
    this.previous = null;
  }
}
