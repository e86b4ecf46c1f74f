import { toError } from '../common/errors.js';
import {
  type FollowedTable,
  type IncrementalContext,
  type IncrementalOutcome,
  incrementalSync,
  isWorthCopying,
} from '../incremental/incremental-sync.js';
import { readSourceWindows, type SourceRows } from '../incremental/source-windows.js';
import { removeGoneRows } from '../incremental/gone-rows.js';
import type { TablePlan } from '../model/column-plan.js';
import type { SourceClock } from '../model/source-clock.js';
import { openSession, type SourceSession } from '../source/connect.js';
import {
  type ComparedWindow,
  readComparedWindows,
  recordComparedWindows,
} from '../state/compared-windows.js';
import { recordUnchanged } from '../state/tables.js';
import { checkpoint } from '../target/maintenance.js';
import type { SyncRun } from './sync.js';
import { failedOutcome, type TableOutcome } from './sync-outcome.js';

export interface IncrementalRequest {
  readonly lookbackSeconds: number;
  /** Whether rows that are gone from the source are looked for and removed. */
  readonly deletes: boolean;
}

/** The outcomes of the tables that could be followed, and the tables that have to be copied instead. */
export async function syncIncrementally(
  followed: readonly FollowedTable[],
  { session, clock }: { readonly session: SourceSession; readonly clock: SourceClock },
  run: SyncRun,
): Promise<{ outcomes: TableOutcome[]; toCopy: TablePlan[] }> {
  if (followed.length === 0) return { outcomes: [], toCopy: [] };
  const { request, database, runId } = run;
  const { options, reporter } = request;
  const context = contextOf(run, clock);
  for (const { plan } of followed) {
    const { name, watermark } = plan.schema;
    if (watermark?.reason !== 'auto-increment') continue;
    reporter.info(`${name}: followed by its AUTO_INCREMENT alone, which tells of inserts only`);
  }
  const windows = await readSourceWindows(session, followed, context);
  const synced = await incrementalSync(followed, await atRest(windows, run), context);
  const unfit = synced.filter(({ error }) => isWorthCopying(error));
  const mayCopy = request.mode !== 'incremental';
  for (const { plan, error } of unfit) {
    const { name } = plan.schema;
    if (mayCopy) reporter.info(`${name}: a full sync, because ${error?.message ?? ''}`);
    else reporter.tableFailed(name, toError(error));
  }
  const toCopy = mayCopy ? unfit.map(({ plan }) => plan) : [];
  const outcomes = synced
    .filter(({ plan }) => !toCopy.includes(plan))
    .map((outcome) => describe(outcome));
  if (request.incremental.deletes) await removeGone(followed, outcomes, context, run);
  const unchanged = outcomes.filter(
    ({ error, inserted, updated, deleted }) => error === null && inserted + updated + deleted === 0,
  );
  if (unchanged.length > 0) {
    const names = unchanged.map(({ table }) => table);
    const news = comparedWindows(followed, unchanged, windows);
    await database.transaction(async () => {
      await recordUnchanged(database, options.targetSchema, names, runId);
      await recordComparedWindows(database, options.targetSchema, news);
    });
  }
  if (unchanged.length < outcomes.length && !(await checkpoint(database))) {
    reporter.warning(
      'CHECKPOINT could not run beside an open transaction; it is left to the next sync',
    );
  }
  return { outcomes, toCopy };
}

function contextOf(
  { request, database, readers, runId }: SyncRun,
  clock: SourceClock,
): IncrementalContext {
  const { options, reporter, signal } = request;
  return {
    database,
    options: {
      targetSchema: options.targetSchema,
      lookbackSeconds: request.incremental.lookbackSeconds,
      batchRows: options.batchRows,
    },
    reporter,
    runId,
    signal,
    hooks: request.hooks?.incremental ?? {},
    openReaders: () => readers.openHere(),
    clock,
  };
}

/** Tells of which tables the source has nothing to read, or what was compared already. */
async function atRest(
  windows: ReadonlyMap<string, SourceRows>,
  { request, database }: SyncRun,
): Promise<(table: FollowedTable) => boolean> {
  const { targetSchema } = request.options;
  const compared = await readComparedWindows((sql) => database.rows(sql), targetSchema);
  return ({ plan: { schema } }) => {
    const rows = windows.get(schema.name);
    return rows !== undefined && (rows.count === 0 || rows.window === compared.get(schema.name));
  };
}

/** Of tables that were read and found to be up to date: what the next run need not read again. */
function comparedWindows(
  followed: readonly FollowedTable[],
  unchanged: readonly TableOutcome[],
  windows: ReadonlyMap<string, SourceRows>,
): ComparedWindow[] {
  const readRows = new Map(unchanged.map(({ table, rows }) => [table, rows]));
  return followed.flatMap(({ plan: { schema }, watermark }) => {
    const found = windows.get(schema.name);
    // As many as were read: none where the window was known, and nothing is new.
    if (found === undefined || found.count === 0) return [];
    if (found.count !== readRows.get(schema.name)) return [];
    return [{ table: schema.name, watermark: watermark.value, window: found.window }];
  });
}

/** Fills `deleted` of the outcomes in; a table whose rows can't be removed has failed. */
async function removeGone(
  tables: readonly FollowedTable[],
  outcomes: TableOutcome[],
  context: IncrementalContext,
  { request }: SyncRun,
): Promise<void> {
  await using session = await openSession(request.endpoint);
  for (const [at, outcome] of outcomes.entries()) {
    const table = tables.find(({ plan }) => plan.schema.name === outcome.table);
    if (outcome.error !== null || table === undefined) continue;
    const startedAt = performance.now();
    const seconds = (): number => outcome.seconds + (performance.now() - startedAt) / 1000;
    try {
      const { deleted, rejectedValues } = await removeGoneRows(session, table, context);
      outcomes[at] = {
        ...outcome,
        deleted,
        rejectedValues: deleted === 0 ? outcome.rejectedValues : rejectedValues,
        seconds: seconds(),
      };
    } catch (error) {
      context.signal.throwIfAborted();
      const failure = toError(error);
      request.reporter.tableFailed(outcome.table, failure);
      outcomes[at] = failedOutcome(outcome.table, 'incremental', failure, seconds());
    }
  }
}

function describe(outcome: IncrementalOutcome): TableOutcome {
  const { plan, rows, bytes, inserted, updated, unchanged } = outcome;
  const { rejectedValues, seconds, error } = outcome;
  const { name } = plan.schema;
  if (error !== null) return failedOutcome(name, 'incremental', error, seconds);
  const changes = { inserted, updated, deleted: 0, unchanged };
  const counts = { rows, bytes, ...changes, rejectedValues };
  return { table: name, mode: 'incremental', ...counts, seconds, error };
}
