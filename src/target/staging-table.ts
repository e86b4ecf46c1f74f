import type { DuckDBType } from '@duckdb/node-api';
import { batchBytes, type ColumnBatch, valueBytes } from '../batch/column-batch.js';
import { toError } from '../common/errors.js';
import { quoteDuckdbName } from '../common/identifiers.js';
import type { ColumnPlan } from '../model/column-plan.js';
import { appendBatch } from './append-batch.js';
import { ChunkWriter, chunkRows, HeapVector, type PinnedBatch } from './chunk-writer.js';
import type { FillChunk, StagingLane } from './staging-lane.js';
import type { StagingLanes } from './staging-lanes.js';

/** Up to this many bytes of values the Appender takes at once: it blocks for a few milliseconds. */
const APPENDER_BYTES = 512 * 1024;

/**
 * Rows that make another lane worth it: two row groups. What a transaction adds to a table that is
 * not empty goes through the log, and through memory at the checkpoint, unless it is a row group at
 * least; with 8 KB texts that was 1 GB.
 */
const MIN_LANE_ROWS = 2 * 122_880;

/** Each lane holds a row group of every column in memory: wider tables get one lane. */
const MAX_COLUMNS_OF_LANES = 128;

export interface StagingTableOptions {
  readonly catalog: string;
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly ColumnPlan[];
  /**
   * Creates the table, when the first of its rows are there to be looked at (null: there are none);
   * resolves to the types of its columns.
   */
  readonly create: (sample: ColumnBatch | null) => Promise<readonly DuckDBType[]>;
  /** How many rows are about to come. */
  readonly estimatedRows: number;
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

function sum(waiting: readonly Waiting[], value: (each: Waiting) => number): number {
  return waiting.reduce((total, each) => total + value(each), 0);
}

/**
 * A table being filled under its staging name. Batches wait until a flush is worth it; each flush
 * takes its portion to DuckDB on a lane. What is left at the end of a small table goes through the
 * Appender, which costs less than a statement. Nothing is visible before `finish`.
 */
export class StagingTable {
  rowsWritten = 0;
  private waiting: Waiting[] = [];
  private waitingRows = 0;
  private waitingBytes = 0;
  private readonly flushes = new Set<Promise<void>>();
  /** Lanes in this table's transactions that are not running. */
  private readonly idle: StagingLane[] = [];
  private readonly laneQueue: ((lane: StagingLane) => void)[] = [];
  private openedLanes = 0;
  private readonly maxLanes: number;
  private failure: Error | null = null;
  private writer: Promise<ChunkWriter> | null = null;

  constructor(
    private readonly lanes: StagingLanes,
    readonly options: StagingTableOptions,
  ) {
    const isWide = options.columns.length > MAX_COLUMNS_OF_LANES;
    const worthwhile = isWide ? 1 : Math.max(1, Math.floor(options.estimatedRows / MIN_LANE_ROWS));
    this.maxLanes = Math.min(lanes.maxRunning, worthwhile);
  }

  /** Takes a batch; never blocks. The reader's window bounds what waits here. */
  append(batch: ColumnBatch): void {
    const bytes = batchBytes(batch);
    this.waiting.push({ batch, bytes });
    this.waitingRows += batch.rows;
    this.waitingBytes += bytes;
    const { flushRows, flushBytes } = this.options;
    if (this.failure !== null) this.release(this.takePortion());
    else if (this.waitingRows >= flushRows || this.waitingBytes >= flushBytes) this.startFlush();
  }

  get hasFailed(): boolean {
    return this.failure !== null;
  }

  /** Resolves when every row is in the staging table; throws what a flush failed with. */
  async finish(): Promise<void> {
    const isSmall = sum(this.waiting, ({ batch }) => valueBytes(batch)) <= APPENDER_BYTES;
    if (!isSmall) this.startFlush();
    await Promise.all(this.flushes);
    if (this.failure === null && this.waitingRows > 0) await this.appendRest();
    if (this.failure !== null) throw this.failure;
    await this.create(null);
    await this.endTransactions((lane) => lane.commit());
  }

  /** Gives back what waits, lets flushes under way come to their end, and undoes them. */
  async abandon(): Promise<void> {
    this.failure ??= new Error('abandoned');
    this.release(this.takePortion());
    await Promise.all(this.flushes);
    // A failed transaction may have been rolled back already.
    await this.endTransactions((lane) => lane.rollback().catch(() => undefined));
  }

  private create(sample: ColumnBatch | null): Promise<ChunkWriter> {
    const { columns, create } = this.options;
    this.writer ??= create(sample).then((types) => new ChunkWriter(columns, types));
    return this.writer;
  }

  private async endTransactions(end: (lane: StagingLane) => Promise<void>): Promise<void> {
    // Side by side, because a commit compresses the row groups that are not full.
    const ending = this.idle.splice(0).map(async (lane) => {
      await this.lanes.end(() => end(lane));
      this.lanes.giveBack(lane);
    });
    await Promise.all(ending);
  }

  /** Runs `work` on a lane that is in a transaction of this table. */
  private async withLane(work: (lane: StagingLane) => Promise<void>): Promise<void> {
    const lane = await this.takeLane();
    try {
      await this.lanes.run(async () => {
        if (this.failure !== null) return;
        await this.options.beforeFlush();
        await work(lane);
      });
    } finally {
      const next = this.laneQueue.shift();
      if (next === undefined) this.idle.push(lane);
      else next(lane);
    }
  }

  private async takeLane(): Promise<StagingLane> {
    const idle = this.idle.pop();
    if (idle !== undefined) return idle;
    if (this.openedLanes === this.maxLanes) {
      return new Promise((resolve) => this.laneQueue.push(resolve));
    }
    this.openedLanes++;
    const lane = await this.lanes.take();
    await lane.begin();
    return lane;
  }

  private startFlush(): void {
    const portion = this.takePortion();
    const flush: Promise<void> = this.flush(portion)
      .catch((error: unknown) => {
        this.failure ??= toError(error);
        this.release(this.takePortion());
      })
      .finally(() => {
        this.flushes.delete(flush);
      });
    this.flushes.add(flush);
  }

  private async flush(portion: Waiting[]): Promise<void> {
    const feed = new BatchFeed(portion, this.options.onConsumed);
    try {
      feed.writer = await this.create(portion[0].batch);
      const { types } = feed.writer;
      const columns = this.options.columns.map(({ name }, at) => ({ name, type: types[at] }));
      await this.withLane(async (lane) => {
        await lane.run(this.qualifiedName, columns, feed.fill);
        this.written(feed.rows);
      });
    } finally {
      feed.releaseAll();
    }
  }

  private async appendRest(): Promise<void> {
    const { catalog, schema, name } = this.options;
    const portion = this.takePortion();
    try {
      const writer = await this.create(portion[0].batch);
      await this.withLane(async (lane) => {
        const appender = await lane.createAppender(catalog, schema, name);
        try {
          for (const { batch } of portion) appendBatch(writer, appender, batch);
        } finally {
          appender.closeSync();
        }
      });
    } finally {
      this.release(portion);
    }
    this.written(sum(portion, ({ batch }) => batch.rows));
  }

  private takePortion(): Waiting[] {
    const portion = this.waiting;
    this.waiting = [];
    this.waitingRows = 0;
    this.waitingBytes = 0;
    return portion;
  }

  private release(portion: readonly Waiting[]): void {
    for (const { batch, bytes } of portion) this.options.onConsumed(batch, bytes);
  }

  private written(rows: number): void {
    this.rowsWritten += rows;
    this.options.onWritten(rows);
  }

  private get qualifiedName(): string {
    const { catalog, schema, name } = this.options;
    return [catalog, schema, name].map(quoteDuckdbName).join('.');
  }
}

/** Cuts batches into vectors for one insert, and gives each batch back when DuckDB is done with it. */
class BatchFeed {
  rows = 0;
  writer!: ChunkWriter;
  private pinned: PinnedBatch | null = null;
  private from = 0;
  /** Batches before this one are done with, except that DuckDB may still read the last vector of one. */
  private at = 0;
  private released = 0;
  /** Used in turn, because the batch before may still be read. */
  private readonly heaps = [new HeapVector(), new HeapVector()] as const;

  constructor(
    private readonly portion: readonly Waiting[],
    private readonly release: (batch: ColumnBatch, bytes: number) => void,
  ) {}

  readonly fill: FillChunk = (chunk) => {
    if (this.at === this.portion.length) return false;
    const { batch } = this.portion[this.at];
    this.pinned ??= this.writer.pin(batch, this.heaps[this.at % 2]);
    const count = chunkRows(batch, this.from);
    this.writer.fill(chunk, this.pinned, this.from, count);
    this.rows += count;
    this.from += count;
    if (this.from === batch.rows) this.advance();
    return true;
  };

  /** Gives back whatever has not been given back, also after a failure. */
  releaseAll(): void {
    this.releaseUpTo(this.portion.length);
    this.pinned = null;
    for (const heap of this.heaps) heap.release();
  }

  private advance(): void {
    this.releaseUpTo(this.at);
    this.pinned = null;
    this.from = 0;
    this.at++;
  }

  private releaseUpTo(end: number): void {
    for (; this.released < end; this.released++) {
      const { batch, bytes } = this.portion[this.released];
      this.release(batch, bytes);
    }
  }
}
