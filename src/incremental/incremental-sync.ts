import { AbortError, default as pRetry } from 'p-retry';
import { batchBytes, batchCapacity } from '../batch/column-batch.js';
import { DucktailError, hasCode, toError } from '../common/errors.js';
import type { TablePlan } from '../model/column-plan.js';
import type { SyncReporter } from '../model/sync-reporter.js';
import type { SourceClock } from '../model/source-clock.js';
import type { ReaderTable } from '../source/reader-protocol.js';
import type { Reader, ReaderPool } from '../source/reader-pool.js';
import { readBatches } from '../source/read-batches.js';
import { RejectedValueBuffer } from '../state/rejected-values.js';
import type { TableRecord } from '../state/tables.js';
import type { Watermark } from '../state/watermarks.js';
import type { Database } from '../target/database.js';
import { StagedRows } from '../target/staged-apply.js';
import { ChangeApply } from './change-apply.js';
import { changedRows } from './changed-rows.js';
import type { IncrementalHooks } from './hooks.js';

/** A batch is applied at this many rows … */
const APPLY_ROWS = 100_000;
/** … or bytes: DuckDB holds them in memory together with what they replace. */
const APPLY_BYTES = 16 * 1024 * 1024;
const RETRIES = 5;
const MIN_DELAY_MS = 500;
const MAX_DELAY_MS = 10_000;

export interface IncrementalOptions {
  readonly targetSchema: string;
  readonly lookbackSeconds: number;
  /** Rows per batch from a reader. */
  readonly batchRows: number;
}

/** A table that was synced before, with what is known since. */
export interface FollowedTable {
  readonly plan: TablePlan;
  readonly record: TableRecord;
  readonly watermark: Watermark;
}

export interface IncrementalContext {
  readonly database: Database;
  readonly options: IncrementalOptions;
  readonly reporter: SyncReporter;
  readonly runId: string;
  readonly signal: AbortSignal;
  readonly hooks: IncrementalHooks;
  readonly openReaders: () => Promise<ReaderPool>;
  /** The source's clock when the run began. */
  readonly clock: SourceClock;
}

export interface IncrementalOutcome {
  readonly plan: TablePlan;
  /** Rows read. */
  readonly rows: number;
  /** Of their values. */
  readonly bytes: number;
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly rejectedValues: number;
  readonly seconds: number;
  readonly error: Error | null;
}

/**
 * Brings tables up to date by their watermarks, one after the other. Each batch is committed with
 * the watermark that it reaches: a run that is cut short is gone on with by the next one. A table
 * that fails does not stop the others.
 */
export async function incrementalSync(
  tables: readonly FollowedTable[],
  isAtRest: (table: FollowedTable) => boolean,
  context: IncrementalContext,
): Promise<IncrementalOutcome[]> {
  if (tables.every(isAtRest)) return tables.map((table) => passOver(table, context));
  const outcomes: IncrementalOutcome[] = [];
  await using rejected = await RejectedValueBuffer.open(context.database);
  await using readers = new ReaderHolder(context.openReaders);
  const { signal } = context;
  // A reader may be waiting for a server that sorts for minutes.
  const stop = (): void => void readers.drop();
  signal.addEventListener('abort', stop);
  try {
    for (const table of tables) {
      signal.throwIfAborted();
      outcomes.push(
        isAtRest(table)
          ? passOver(table, context)
          : await syncTable(table, readers, rejected, context),
      );
    }
    return outcomes;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function passOver(table: FollowedTable, { reporter }: IncrementalContext): IncrementalOutcome {
  const { plan, record } = table;
  const { rejectedValues } = record;
  const nothing = { rows: 0, bytes: 0, inserted: 0, updated: 0, unchanged: 0 };
  reporter.tableStarted(plan.schema.name);
  reporter.tableFollowed(plan.schema.name, nothing, 0);
  return { plan, ...nothing, rejectedValues, seconds: 0, error: null };
}

async function syncTable(
  table: FollowedTable,
  readers: ReaderHolder,
  rejected: RejectedValueBuffer,
  context: IncrementalContext,
): Promise<IncrementalOutcome> {
  const { reporter, signal } = context;
  const { name } = table.plan.schema;
  const startedAt = performance.now();
  const seconds = (): number => (performance.now() - startedAt) / 1000;
  const apply = new ChangeApply(table, rejected, context);
  reporter.tableStarted(name);
  try {
    await pRetry(() => attempt(table, readers, apply, context), {
      retries: RETRIES,
      minTimeout: MIN_DELAY_MS,
      maxTimeout: MAX_DELAY_MS,
      signal,
      onFailedAttempt: ({ error, retriesLeft }) => {
        if (retriesLeft > 0 && !signal.aborted) {
          reporter.warning(`${name}: ${error.message}; going on from the last batch`);
        }
      },
    });
    const outcome = apply.outcome();
    const { inserted, updated, unchanged } = outcome;
    reporter.tableFollowed(name, { inserted, updated, unchanged }, seconds());
    return { ...outcome, seconds: seconds(), error: null };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    const failure = classify(error, name);
    if (!isOfTheTable(failure)) throw failure;
    // Of a table that is worth copying the caller tells.
    if (!isWorthCopying(failure)) reporter.tableFailed(name, failure);
    return { ...apply.outcome(), seconds: seconds(), error: failure };
  }
}

async function attempt(
  table: FollowedTable,
  readers: ReaderHolder,
  apply: ChangeApply,
  context: IncrementalContext,
): Promise<void> {
  try {
    const reader = await readers.take();
    await readAndApply(reader, table, apply, context);
  } catch (error) {
    const { database, reporter, signal } = context;
    // What a reader was at can't be told from what it is asked next.
    await readers.drop();
    const failure: unknown = signal.aborted ? signal.reason : error;
    if (hasCode(failure, 'target-memory') && (await database.provideMemory()) !== null) {
      reporter.tableRestarted(table.plan.schema.name, 'with more memory');
      throw failure;
    }
    const isWorthRetrying =
      hasCode(failure, 'source-unavailable') || hasCode(failure, 'worker-lost');
    throw isWorthRetrying ? failure : new AbortError(toError(failure));
  }
}

async function readAndApply(
  reader: Reader,
  { plan }: FollowedTable,
  apply: ChangeApply,
  { database, options, clock, signal }: IncrementalContext,
): Promise<void> {
  const { watermark } = plan.schema;
  if (watermark === null) throw new Error(`${plan.schema.name} has no watermark`);
  apply.begin();
  const capacity = batchCapacity(plan.columns, options.batchRows);
  const readerTable: ReaderTable = { copyId: apply.copyId, plan, capacity };
  const changes = changedRows(plan, watermark, apply.watermark, clock, options.lookbackSeconds);
  let staged: StagedRows | null = null;
  try {
    for await (const batch of readBatches(reader, readerTable, changes.sql)) {
      signal.throwIfAborted();
      // Most tables of a run have no row to stage.
      staged ??= await StagedRows.open(database, plan.columns);
      await staged.append(batch);
      apply.reject(batch);
      reader.recycle(batch, batchBytes(batch));
      if (staged.rows >= APPLY_ROWS || staged.bytes >= APPLY_BYTES) {
        await apply.run(staged, changes);
        await staged.clear();
      }
    }
    if (staged !== null && staged.rows > 0) await apply.run(staged, changes);
  } finally {
    await staged?.[Symbol.asyncDispose]();
  }
}

/** What DuckDB refuses for this table alone, a full sync may do in another way. */
function classify(error: unknown, table: string): Error {
  if (hasCode(error, 'table-changed')) {
    return new DucktailError(
      'table-changed',
      `${table} was altered, dropped or renamed when it was about to be read`,
      { table, hint: 'Run the sync again.', cause: error },
    );
  }
  if (error instanceof DucktailError) return error;
  const { message } = toError(error);
  return new DucktailError('needs-full-sync', message, { table, cause: error });
}

/** True for errors that say nothing about the other tables. */
function isOfTheTable(error: unknown): boolean {
  return ['table-failed', 'table-changed', 'needs-full-sync', 'target-memory'].some((code) =>
    hasCode(error, code as DucktailError['code']),
  );
}

/** True where a full sync of the table may do what following it can't. */
export function isWorthCopying(error: unknown): boolean {
  return hasCode(error, 'needs-full-sync') || hasCode(error, 'table-changed');
}

/** The pool of the moment: opened when it is needed, and again after a loss. */
class ReaderHolder implements AsyncDisposable {
  private pool: ReaderPool | null = null;

  constructor(private readonly open: () => Promise<ReaderPool>) {}

  async take(): Promise<Reader> {
    this.pool ??= await this.open();
    return this.pool.readers[0];
  }

  async drop(): Promise<void> {
    const { pool } = this;
    this.pool = null;
    await pool?.[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.drop();
  }
}
