import { DucktailError } from '../common/errors.js';
import { planTable, type TablePlan } from '../model/column-plan.js';
import type { MysqlEndpoint } from '../model/mysql-endpoint.js';
import { nameCollisions } from '../model/name-collisions.js';
import type { SyncResult, TableSyncResult } from '../model/sync-result.js';
import { type FullSyncOutcome, fullSync } from '../snapshot/full-sync.js';
import type { SnapshotHooks } from '../snapshot/hooks.js';
import { readerWindowBytes, type SnapshotOptions } from '../snapshot/options.js';
import type { SyncReporter } from '../snapshot/reporter.js';
import { readCatalog } from '../source/catalog.js';
import { openSession } from '../source/connect.js';
import { ReaderPool } from '../source/reader-pool.js';
import { finishRun, startRun } from '../state/sync-runs.js';
import { recordFailure } from '../state/tables.js';
import type { Database, DatabaseOptions } from '../target/database.js';
import { viewNames } from '../target/ddl.js';
import { type SelectedTables, selectTables, type TableSelection } from './plan.js';
import { openReplica } from './replica.js';

export interface SyncRequest {
  readonly endpoint: MysqlEndpoint;
  readonly database: DatabaseOptions;
  readonly selection: TableSelection;
  readonly options: SnapshotOptions;
  readonly reporter: SyncReporter;
  readonly signal: AbortSignal;
  /** For tests that stop the process at named points. */
  readonly hooks?: SnapshotHooks;
}

/** `ducktail sync`: copies the selected tables, each whole or not at all. */
export async function sync(request: SyncRequest): Promise<SyncResult> {
  const startedAt = performance.now();
  const { database: databaseOptions, options, reporter } = request;
  // Threads take as long to start as all that comes before their first use.
  await using readers = new ReaderSource(request);
  // A wrong URL must not leave a new file behind: the replica is opened once the source answers.
  await using session = await openSession(request.endpoint);
  const [selecting, opening] = await Promise.allSettled([
    selectTables(session, request.selection),
    openReplica(databaseOptions, options.targetSchema),
  ]);
  if (opening.status === 'rejected') throw opening.reason;
  await using database = opening.value.database;
  if (selecting.status === 'rejected') throw selecting.reason;
  const { orphans } = opening.value;
  if (orphans.length > 0) {
    reporter.info(`dropped ${orphans.length} staging table(s) of an interrupted sync`);
  }
  const outcomes = await syncTables(database, selecting.value, readers, request);
  return {
    tables: outcomes.map(describeOutcome),
    seconds: round((performance.now() - startedAt) / 1000),
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
  };
}

async function syncTables(
  database: Database,
  selected: SelectedTables,
  readers: ReaderSource,
  request: SyncRequest,
): Promise<FullSyncOutcome[]> {
  const { endpoint, options, reporter, signal, hooks = {} } = request;
  const { plans, refused } = await refuseViews(database, selected, options.targetSchema);
  for (const { plan, error } of refused) reporter.tableFailed(plan.schema.name, error);
  const runId = await startRun(database, 'full');
  const synced = await fullSync(plans, {
    endpoint,
    database,
    options,
    reporter,
    runId,
    signal,
    hooks,
    openReaders: () => readers.open(),
    replan: (names) => replan(names, request),
  });
  const outcomes = [...synced, ...refused.map(({ plan, error }) => failed(plan, error))];
  await recordOutcomes(database, runId, options.targetSchema, outcomes);
  return outcomes;
}

async function replan(
  names: readonly string[],
  { endpoint, selection }: SyncRequest,
): Promise<TablePlan[]> {
  await using session = await openSession(endpoint);
  const catalog = await readCatalog(session, selection.database);
  return catalog
    .filter((table) => names.includes(table.name))
    .map((table) => planTable(table, selection.types));
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

/** The cutover has recorded what went well; what failed, and the sum of several cutovers, follow. */
async function recordOutcomes(
  database: Database,
  runId: string,
  targetSchema: string,
  outcomes: readonly FullSyncOutcome[],
): Promise<void> {
  const failures = outcomes.filter((outcome) => outcome.error !== null);
  await database.transaction(async () => {
    for (const { plan, error } of failures) {
      await recordFailure(database, targetSchema, plan.schema, error?.message ?? '');
    }
    await finishRun(database, runId, {
      tables: outcomes.length - failures.length,
      failed: failures.length,
      rows: outcomes.reduce((sum, { rows }) => sum + rows, 0),
    });
  });
}

function failed(plan: TablePlan, error: Error): FullSyncOutcome {
  return { plan, rows: 0, rejectedValues: 0, seconds: 0, error };
}

function describeOutcome(outcome: FullSyncOutcome): TableSyncResult {
  const { plan, rows, rejectedValues, seconds, error } = outcome;
  const hint = error instanceof DucktailError ? (error.hint ?? null) : null;
  return {
    table: plan.schema.name,
    mode: 'full',
    rows,
    inserted: rows,
    updated: 0,
    deleted: 0,
    seconds: round(seconds),
    rowsPerSecond: seconds > 0 ? Math.round(rows / seconds) : 0,
    rejectedValues,
    error:
      error === null
        ? null
        : {
            code: error instanceof DucktailError ? error.code : 'bug',
            message: error.message,
            hint,
          },
  };
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

/** Opens readers; the first ones ahead of their use. */
class ReaderSource implements AsyncDisposable {
  private first: Promise<ReaderPool> | null;

  constructor(private readonly request: SyncRequest) {
    this.first = this.openPool();
    // Whoever takes it hears of its failure; nobody may come to take it.
    this.first.catch(() => undefined);
  }

  open(): Promise<ReaderPool> {
    const pool = this.first ?? this.openPool();
    this.first = null;
    return pool;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const pool = await this.first?.catch(() => null);
    await pool?.[Symbol.asyncDispose]();
  }

  private openPool(): Promise<ReaderPool> {
    const { endpoint, options } = this.request;
    return ReaderPool.open({
      endpoint,
      count: options.readers,
      windowBytes: readerWindowBytes(options),
    });
  }
}
