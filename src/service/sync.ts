import { existsSync } from 'node:fs';
import { DucktailError } from '../common/errors.js';
import type { TablePlan } from '../model/column-plan.js';
import type { CopyTurns } from '../model/copy-turns.js';
import type { MysqlEndpoint } from '../model/mysql-endpoint.js';
import type { ReplicationObserver } from '../model/observers.js';
import { nameCollisions } from '../model/name-collisions.js';
import type { SyncReporter } from '../model/sync-reporter.js';
import type { SyncResult } from '../model/sync-result.js';
import type { IncrementalHooks } from '../incremental/hooks.js';
import type { SnapshotHooks } from '../snapshot/hooks.js';
import type { SnapshotOptions } from '../snapshot/options.js';
import { readSourceClock } from '../source/clock.js';
import { openSession, type SourceSession } from '../source/connect.js';
import { finishRun, startRun } from '../state/sync-runs.js';
import { recordFailure, type RowQuery } from '../state/tables.js';
import { readWatermarks } from '../state/watermarks.js';
import type { Database, DatabaseOptions } from '../target/database.js';
import { viewNames } from '../target/ddl.js';
import { copyTables, copyWhole, describeFullSync } from './full-copies.js';
import { type IncrementalRequest, syncIncrementally } from './incremental.js';
import { type SelectedTables, selectTables, type TableSelection } from './plan.js';
import { ReaderSource } from './reader-source.js';
import { type OpenedReplica, ReplicaAhead } from './replica.js';
import {
  chooseMode,
  type KnownTables,
  readKnownTables,
  type RequestedMode,
  type TableMode,
} from './sync-modes.js';
import { describeOutcome, failedOutcome, roundSeconds, type TableOutcome } from './sync-outcome.js';

/** What a sync does, wherever its replica is open. */
export interface SyncTask {
  readonly endpoint: MysqlEndpoint;
  readonly selection: TableSelection;
  readonly options: SnapshotOptions;
  readonly mode: RequestedMode;
  readonly incremental: IncrementalRequest;
  readonly reporter: SyncReporter;
  readonly signal: AbortSignal;
  readonly observer?: ReplicationObserver | undefined;
  /** For tests that stop the process at named points. */
  readonly hooks?: SnapshotHooks & { readonly incremental?: IncrementalHooks };
}

export interface SyncRequest extends SyncTask {
  readonly database: DatabaseOptions;
}

/** How the copy of a table fared, and the plan by which it was copied. */
export type CopiedTable = TableOutcome & { readonly plan: TablePlan };

/** What every step of one sync works with. */
export interface SyncRun {
  readonly request: SyncTask;
  readonly database: Database;
  readonly readers: ReaderSource;
  readonly runId: string;
}

/**
 * `ducktail sync`: copies tables that were never synced whole, follows the others by their
 * watermarks; a table that fails does not stop the others.
 */
export async function sync(request: SyncRequest): Promise<SyncResult> {
  const startedAt = performance.now();
  const { database: databaseOptions, options, reporter } = request;
  await using readers = new ReaderSource(request);
  // Threads take as long to start as all that comes before their first use.
  if (request.mode === 'full' || !existsSync(databaseOptions.path)) readers.startAhead();
  // A wrong URL must not leave a new file behind: that is made once the source answers.
  await using replica = new ReplicaAhead(databaseOptions, options.targetSchema);
  await using session = await openSession(request.endpoint);
  const [selecting, opening] = await Promise.allSettled([
    selectTables(session, request.selection),
    openKnown(replica, options.targetSchema),
  ]);
  if (opening.status === 'rejected') throw opening.reason;
  if (selecting.status === 'rejected') throw selecting.reason;
  const { database, orphans, known } = opening.value;
  if (orphans.length > 0) {
    reporter.info(`dropped ${orphans.length} staging table(s) of an interrupted sync`);
  }
  const means = { request, database, readers };
  return await syncSelected(selecting.value, known, session, means, startedAt);
}

/** The same on a replica that is open already, whose writer is this sync's alone meanwhile. */
export async function syncOn(database: Database, request: SyncTask): Promise<SyncResult> {
  const startedAt = performance.now();
  await using readers = new ReaderSource(request);
  await using session = await openSession(request.endpoint);
  const selected = await selectTables(session, request.selection);
  request.signal.throwIfAborted();
  const query: RowQuery = (sql) => database.rows(sql);
  const known = await readKnownTables(query, request.options.targetSchema);
  const means = { request, database, readers };
  return await syncSelected(selected, known, session, means, startedAt);
}

async function syncSelected(
  selected: SelectedTables,
  known: KnownTables,
  session: SourceSession,
  means: Omit<SyncRun, 'runId'>,
  startedAt: number,
): Promise<SyncResult> {
  const { database, request } = means;
  const { options } = request;
  const query: RowQuery = (sql) => database.rows(sql);
  const outcomes = await syncTables(selected, known, session, means);
  const reached = await readWatermarks(query, options.targetSchema);
  return {
    tables: outcomes.map((outcome) =>
      describeOutcome(
        outcome,
        known.watermarks.get(outcome.table)?.value ?? null,
        reached.get(outcome.table)?.value ?? null,
      ),
    ),
    seconds: roundSeconds((performance.now() - startedAt) / 1000),
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
  };
}

async function openKnown(
  replica: ReplicaAhead,
  targetSchema: string,
): Promise<OpenedReplica & { readonly known: KnownTables }> {
  const opened = await replica.open();
  const query: RowQuery = (sql) => opened.database.rows(sql);
  return { ...opened, known: await readKnownTables(query, targetSchema) };
}

async function syncTables(
  selected: SelectedTables,
  known: KnownTables,
  session: SourceSession,
  means: Omit<SyncRun, 'runId'>,
): Promise<TableOutcome[]> {
  const { request, database } = means;
  const { options, reporter, mode } = request;
  const { plans, refused } = await refuseViews(database, selected, options.targetSchema);
  const modes = plans.map((plan) => ({ plan, mode: chooseMode(plan, known, mode) }));
  const rejected = [
    ...refused,
    ...modes.flatMap(({ plan, mode: chosen }) =>
      chosen.kind === 'refused' ? [{ plan, error: chosen.error }] : [],
    ),
  ];
  for (const { plan, error } of rejected) reporter.tableFailed(plan.schema.name, error);
  const whole = modes.filter(({ mode: chosen }) => chosen.kind === 'full');
  tellReasons(whole, known, request);
  const followed = modes.flatMap(({ mode: chosen }) =>
    chosen.kind === 'incremental' ? [chosen.table] : [],
  );
  const runId = await startRun(database, runMode(whole.length, followed.length));
  // Before anything is read: no watermark may pass it.
  const clock = await readSourceClock(session);
  const run: SyncRun = { ...means, runId };
  const outcomes = await copyWhole(
    whole.map(({ plan }) => plan),
    run,
  );
  const incremental = await syncIncrementally(followed, { session, clock }, run);
  outcomes.push(...incremental.outcomes);
  outcomes.push(...(await copyWhole(incremental.toCopy, run)));
  for (const { plan, error } of rejected) {
    const kind = mode === 'incremental' || known.records.has(plan.schema.name);
    outcomes.push(failedOutcome(plan.schema.name, kind ? 'incremental' : 'full', error));
  }
  const order = new Map(selected.plans.map((plan, at) => [plan.schema.name, at]));
  outcomes.sort((a, b) => (order.get(a.table) ?? 0) - (order.get(b.table) ?? 0));
  await recordOutcomes(run, selected, outcomes);
  return outcomes;
}

function runMode(full: number, incremental: number): 'full' | 'incremental' | 'mixed' {
  if (incremental === 0) return 'full';
  return full === 0 ? 'incremental' : 'mixed';
}

/** Why a table that was synced before is copied again although nobody asked for it. */
function tellReasons(
  whole: readonly { readonly plan: TablePlan; readonly mode: TableMode }[],
  { records }: KnownTables,
  { mode: requested, reporter }: SyncTask,
): void {
  if (requested === 'full') return;
  for (const { plan, mode } of whole) {
    const { name } = plan.schema;
    if (mode.kind === 'full' && records.has(name)) {
      reporter.info(`${name}: a full sync, because ${mode.why}`);
    }
  }
}

/**
 * Copies tables whole on a replica that is open already, beside a stream of their changes where there
 * are `turns`. Why tables could not be copied is recorded and told as well.
 */
export async function copyOn(
  database: Database,
  request: SyncTask,
  plans: readonly TablePlan[],
  turns?: CopyTurns,
): Promise<CopiedTable[]> {
  const { plans: free, refused } = await refuseViews(
    database,
    { plans, refused: [] },
    request.options.targetSchema,
  );
  await using readers = new ReaderSource(request);
  const run: SyncRun = { request, database, readers, runId: await startRun(database, 'full') };
  const copied = free.length === 0 ? [] : await copyTables(free, run, turns);
  for (const { plan, error } of refused) request.reporter.tableFailed(plan.schema.name, error);
  const outcomes = [
    ...copied.map((outcome) => ({ plan: outcome.plan, ...describeFullSync(outcome) })),
    ...refused.map(({ plan, error }) => ({
      plan,
      ...failedOutcome(plan.schema.name, 'full', error),
    })),
  ];
  await recordOutcomes(run, { plans: free, refused }, outcomes);
  return outcomes;
}

/** A table can't take the name of a view that the user made in the replica. */
async function refuseViews(
  database: Database,
  selected: SelectedTables,
  schema: string,
): Promise<SelectedTables> {
  const views = await viewNames(database, schema);
  const isTaken = ({ schema: { name } }: TablePlan): boolean =>
    views.some((view) => nameCollisions([view, name]).length > 0);
  const refused = selected.plans.filter(isTaken).map((plan) => ({
    plan,
    error: new DucktailError(
      'table-failed',
      `a view named '${plan.schema.name}' stands in the replica where the table should go`,
      { table: plan.schema.name, hint: 'Drop or rename the view, or leave the table out.' },
    ),
  }));
  return {
    plans: selected.plans.filter((plan) => !isTaken(plan)),
    refused: [...selected.refused, ...refused],
  };
}

/** What went well is recorded where it was committed; what failed, and the sum of all, follow. */
async function recordOutcomes(
  { database, runId, request }: SyncRun,
  { plans, refused }: SelectedTables,
  outcomes: readonly TableOutcome[],
): Promise<void> {
  const schemas = new Map(
    [...plans, ...refused.map(({ plan }) => plan)].map(({ schema }) => [schema.name, schema]),
  );
  for (const outcome of outcomes) request.observer?.synced(outcome);
  const failures = outcomes.filter(({ error }) => error !== null);
  await database.transaction(async () => {
    for (const { table, error } of failures) {
      const schema = schemas.get(table);
      if (schema === undefined) continue;
      await recordFailure(database, request.options.targetSchema, schema, error?.message ?? '');
    }
    await finishRun(database, runId, {
      tables: outcomes.length - failures.length,
      failed: failures.length,
      rows: outcomes.reduce((sum, { rows }) => sum + rows, 0),
    });
  });
}
