import { planTable, type TablePlan } from '../model/column-plan.js';
import type { CopyTurns } from '../model/copy-turns.js';
import { type FullSyncOutcome, fullSync } from '../snapshot/full-sync.js';
import { readCatalog } from '../source/catalog.js';
import { openSession } from '../source/connect.js';
import type { SyncRun, SyncTask } from './sync.js';
import { failedOutcome, type TableOutcome } from './sync-outcome.js';

/** Copies tables whole, as part of a run. */
export async function copyWhole(
  plans: readonly TablePlan[],
  run: SyncRun,
): Promise<TableOutcome[]> {
  if (plans.length === 0) return [];
  return (await copyTables(plans, run)).map(describeFullSync);
}

/** The same; with `turns` beside a stream of their changes. */
export function copyTables(
  plans: readonly TablePlan[],
  run: SyncRun,
  turns?: CopyTurns,
): Promise<FullSyncOutcome[]> {
  const { request, database, readers, runId } = run;
  const { endpoint, options, reporter, signal, hooks = {} } = request;
  return fullSync(plans, {
    endpoint,
    database,
    options,
    reporter,
    runId,
    signal,
    hooks,
    turns,
    openReaders: () => readers.open(),
    replan: (names) => replan(names, request),
  });
}

export function describeFullSync(outcome: FullSyncOutcome): TableOutcome {
  const { plan, rows, bytes, rejectedValues, seconds, error } = outcome;
  const { name } = plan.schema;
  if (error !== null) return failedOutcome(name, 'full', error, seconds);
  const changes = { inserted: rows, updated: 0, deleted: 0, unchanged: 0 };
  return { table: name, mode: 'full', rows, bytes, ...changes, rejectedValues, seconds, error };
}

/** The tables as they are now. */
async function replan(
  names: readonly string[],
  { endpoint, selection }: SyncTask,
): Promise<TablePlan[]> {
  await using session = await openSession(endpoint);
  const catalog = await readCatalog(session, selection.database, selection.watermarks);
  return catalog
    .filter((table) => names.includes(table.name))
    .map((table) => planTable(table, selection.types));
}
