import pRetry, { AbortError } from 'p-retry';
import { DucktailError, hasCode } from '../common/errors.js';
import type { Checkpoint } from '../model/checkpoint.js';
import type { TablePlan } from '../model/column-plan.js';
import type { CopyTurns } from '../model/copy-turns.js';
import type { MysqlEndpoint } from '../model/mysql-endpoint.js';
import type { TableSchema } from '../model/table-schema.js';
import { planChunks } from '../source/chunk-planner.js';
import { openSession } from '../source/connect.js';
import type { ReaderPool } from '../source/reader-pool.js';
import { openSnapshot, type Snapshot } from '../source/snapshot-barrier.js';
import { RejectedValueBuffer } from '../state/rejected-values.js';
import type { Database } from '../target/database.js';
import { checkpoint } from '../target/maintenance.js';
import { StagingLanes } from '../target/staging-lanes.js';
import { type CopyOutcome, CopyRun, type PlannedTable } from './copy-run.js';
import { cutOver } from './cutover.js';
import { refuseKeyless } from './keyless-tables.js';
import type { SnapshotHooks } from './hooks.js';
import type { SnapshotOptions } from './options.js';
import type { SyncReporter } from '../model/sync-reporter.js';
import type { CopyTarget, TableCopy } from './table-copy.js';

export interface FullSyncContext {
  readonly endpoint: MysqlEndpoint;
  readonly database: Database;
  readonly options: SnapshotOptions;
  readonly reporter: SyncReporter;
  readonly runId: string;
  readonly signal: AbortSignal;
  readonly hooks: SnapshotHooks;
  /** Where the copy runs beside a stream of changes of its tables. */
  readonly turns?: CopyTurns | undefined;
  /** Readers for an attempt, which disposes of them. */
  readonly openReaders: () => Promise<ReaderPool>;
  /** Reads the definitions of the named tables again; those that are gone are missing. */
  readonly replan: (names: readonly string[]) => Promise<TablePlan[]>;
}

export interface FullSyncOutcome {
  readonly plan: TablePlan;
  readonly rows: number;
  /** Of their values. */
  readonly bytes: number;
  readonly rejectedValues: number;
  readonly seconds: number;
  readonly error: Error | null;
}

const RETRIES = 8;
const MIN_DELAY_MS = 1000;
const MAX_DELAY_MS = 15_000;
/** How often tables that were altered while they were read are started over. */
const MAX_ROUNDS = 3;
/**
 * Copies tables in one consistent snapshot and cuts all of them over at once. A lost source is
 * tried again with new connections and a new snapshot; a table that was altered while it was read
 * is started over by itself, after the others.
 */
export async function fullSync(
  plans: readonly TablePlan[],
  context: FullSyncContext,
): Promise<FullSyncOutcome[]> {
  const outcomes = new Map<string, FullSyncOutcome>();
  let pending = plans;
  for (let round = 1; pending.length > 0; round++) {
    const results = await copyWithRetries(pending, context);
    for (const result of results) outcomes.set(result.plan.schema.name, summarize(result));
    const changed = results.filter(isChangedTable);
    if (round === MAX_ROUNDS || changed.length === 0) break;
    pending = await context.replan(changed.map(({ plan }) => plan.schema.name));
    for (const { plan, seconds } of changed) {
      const isGone = pending.every(({ schema }) => schema.name !== plan.schema.name);
      if (isGone) outcomes.set(plan.schema.name, summarize({ plan, seconds, error: gone(plan) }));
    }
  }
  return plans.flatMap((plan) => outcomes.get(plan.schema.name) ?? []);
}

function gone({ schema }: TablePlan): DucktailError {
  return new DucktailError(
    'table-changed',
    `${schema.name} was dropped or renamed while it was read`,
    { table: schema.name, hint: 'Its last copy in the replica, if there is one, stands.' },
  );
}

function isChangedTable(outcome: CopyOutcome): boolean {
  return 'error' in outcome && hasCode(outcome.error, 'table-changed');
}

function summarize(outcome: CopyOutcome): FullSyncOutcome {
  const { plan, seconds } = outcome;
  return 'error' in outcome
    ? { plan, rows: 0, bytes: 0, rejectedValues: 0, seconds, error: outcome.error }
    : {
        plan,
        rows: outcome.copy.rows,
        bytes: outcome.copy.bytes,
        rejectedValues: outcome.copy.rejectedValues,
        seconds,
        error: null,
      };
}

async function copyWithRetries(
  plans: readonly TablePlan[],
  context: FullSyncContext,
): Promise<CopyOutcome[]> {
  const names = plans.map((plan) => plan.schema.name);
  const { signal } = context;
  const finished: CopyOutcome[][] = [];
  await pRetry(
    async (attempt) => {
      try {
        // A server that went away may come back with other tables.
        const current = attempt === 1 ? plans : await context.replan(names);
        finished.push(await copyOnce(current, context));
      } catch (error) {
        // After a stop, whatever fails does so because of it.
        const failure: unknown = signal.aborted ? signal.reason : error;
        throw isWorthRetrying(failure) ? failure : new AbortError(failure as Error);
      }
    },
    {
      retries: RETRIES,
      minTimeout: MIN_DELAY_MS,
      maxTimeout: MAX_DELAY_MS,
      signal,
      onFailedAttempt: ({ error, retriesLeft }) => {
        if (retriesLeft === 0 || signal.aborted) return;
        context.reporter.warning(
          `${error.message}; starting over with a new snapshot (${retriesLeft} more attempts)`,
        );
      },
    },
  ).catch((error: unknown) => {
    // A stop that comes after the cutover changes nothing any more.
    if (finished.length === 0) throw error;
  });
  return finished[0];
}

function isWorthRetrying(error: unknown): boolean {
  if (!(error instanceof DucktailError)) return false;
  return ['source-unavailable', 'worker-lost', 'table-changed'].includes(error.code);
}

/** One attempt: readers, snapshot, copies, cutover. */
async function copyOnce(
  plans: readonly TablePlan[],
  context: FullSyncContext,
): Promise<CopyOutcome[]> {
  const { database, options, reporter, signal } = context;
  const [poolResult, planned] = await Promise.allSettled([
    context.openReaders(),
    planTables(plans, context),
  ]);
  if (poolResult.status === 'rejected') throw poolResult.reason;
  await using pool = poolResult.value;
  if (planned.status === 'rejected') throw planned.reason;
  reporter.planned(planned.value.map(({ plan }) => describe(plan)));
  await provideMemory(plans, context);
  await using lanes = await StagingLanes.open(database);
  await using rejected = await RejectedValueBuffer.open(database);
  const target: CopyTarget = {
    database,
    lanes,
    rejected,
    options,
    hooks: context.hooks,
    onRows: (table, rows) => {
      reporter.rowsWritten(table, rows);
    },
  };
  const stop = (): void => void pool[Symbol.asyncDispose]();
  signal.throwIfAborted();
  signal.addEventListener('abort', stop);
  try {
    return await copyInSnapshot(pool, planned.value, target, context);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

async function provideMemory(
  plans: readonly TablePlan[],
  { database, reporter }: FullSyncContext,
): Promise<void> {
  const widest = [...plans].sort((a, b) => b.columns.length - a.columns.length).at(0);
  if (widest === undefined) return;
  const limit = await database.provideForColumns(widest.columns.length);
  if (limit === null) return;
  const { name } = widest.schema;
  reporter.warning(
    `${name} has ${widest.columns.length} columns: DuckDB's memory limit is now ${limit}`,
  );
}

async function copyInSnapshot(
  pool: ReaderPool,
  planned: readonly PlannedTable[],
  target: CopyTarget,
  context: FullSyncContext,
): Promise<CopyOutcome[]> {
  const { endpoint, database, reporter, runId, signal, turns } = context;
  const plans = planned.map(({ plan }) => plan);
  const schemas = plans.map(({ schema }) => schema);
  const open = (reached: Checkpoint | null = null): Promise<Snapshot> =>
    openSnapshot(endpoint, pool.readers, schemas, signal, reached);
  const snapshot = await (turns?.snapshot(plans, open) ?? open());
  if (snapshot.restriction !== null) {
    reporter.warning(snapshot.restriction.message, snapshot.restriction.hint);
  }
  const { fresh, stale } = await checkDefinitions(planned, context);
  const { kept, refused } =
    turns === undefined ? { kept: fresh, refused: [] } : refuseKeyless(fresh, snapshot);
  const copied = await new CopyRun(kept, target, reporter).run(snapshot.readers);
  for (const { plan, error } of refused) reporter.tableFailed(plan.schema.name, error);
  const outcomes = [...copied, ...stale, ...refused];
  const copies = outcomes.flatMap((outcome): TableCopy[] =>
    'copy' in outcome ? [outcome.copy] : [],
  );
  try {
    signal.throwIfAborted();
    const cut = (): Promise<void> => cutOver(copies, snapshot, runId, target, signal, turns);
    if (copies.length > 0) await (turns?.cutover(cut) ?? cut());
  } catch (error) {
    // Where even that fails, the next start drops the staging tables.
    for (const copy of copies) await copy.abandon().catch(() => undefined);
    throw error;
  }
  if (!(await checkpoint(database))) {
    reporter.warning(
      'CHECKPOINT could not run beside an open transaction; it is left to the next sync',
    );
  }
  return outcomes;
}

/**
 * A table that was altered between its plan and the snapshot would be read by the wrong plan, in
 * silence. (One that is altered after the snapshot can't be read in it: the server says so.)
 */
async function checkDefinitions(
  planned: readonly PlannedTable[],
  { replan }: FullSyncContext,
): Promise<{ fresh: PlannedTable[]; stale: CopyOutcome[] }> {
  const current = await replan(planned.map(({ plan }) => plan.schema.name));
  const definitions = new Map(current.map(({ schema }) => [schema.name, definitionOf(schema)]));
  const isFresh = ({ plan: { schema } }: PlannedTable): boolean =>
    definitions.get(schema.name) === definitionOf(schema);
  const stale = planned
    .filter((table) => !isFresh(table))
    .map(({ plan }) => ({
      plan,
      seconds: 0,
      error: new DucktailError(
        'table-changed',
        `${plan.schema.name} was altered when it was about to be read`,
        { table: plan.schema.name, hint: 'Run the sync again.' },
      ),
    }));
  return { fresh: planned.filter(isFresh), stale };
}

function definitionOf({ columns, key }: TableSchema): string {
  return JSON.stringify([columns, key]);
}

async function planTables(
  plans: readonly TablePlan[],
  { endpoint, options }: FullSyncContext,
): Promise<PlannedTable[]> {
  await using session = await openSession(endpoint);
  const largestFirst = [...plans].sort((a, b) => b.schema.estimatedBytes - a.schema.estimatedBytes);
  const planned: PlannedTable[] = [];
  for (const plan of largestFirst) {
    planned.push({ plan, chunks: await planChunks(session, plan.schema, options.readers) });
  }
  return planned;
}

function describe(plan: TablePlan): { table: string; estimatedRows: number } {
  return { table: plan.schema.name, estimatedRows: plan.schema.estimatedRows };
}
