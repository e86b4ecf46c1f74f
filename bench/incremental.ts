import { formatCount, formatSeconds } from '../demo/report.js';
import type { SyncResult, TableSyncResult } from '../src/model/sync-result.js';
import { dropTable, loadTable } from './bench-source.js';
import { followedTable, type BenchTable } from './bench-table.js';
import { checkCopy, runDucktail, runFullSync, type RunMeasure } from './ducktail-run.js';
import { ageChanges, changePercent, changeRecent, type SourceChanges } from './followed-changes.js';
import { removeReplica, syncEnvironment, urlOf, type Bench } from './measures.js';
import { loadSmallTables, smallTables, type SmallTables } from './small-tables.js';

/** A sync of one table that had changes. */
export interface ChangesMeasure extends RunMeasure {
  readonly inserted: number;
  readonly updated: number;
  /** Read again because of the lookback. */
  readonly unchanged: number;
  /** Of the table alone: from the start of reading it to its last commit. */
  readonly tableSeconds: number;
  /** By `tableSeconds`. */
  readonly changesPerSecond: number;
}

export interface IncrementalRound {
  readonly full: RunMeasure;
  /** 1 % of the rows. */
  readonly changed: ChangesMeasure;
  /** The most recent ones. */
  readonly recent: ChangesMeasure;
}

export interface IncrementalResult {
  readonly rows: number;
  readonly rounds: readonly IncrementalRound[];
  /** Runs with nothing to do. */
  readonly idle: {
    readonly tables: number;
    readonly rowsEach: number;
    readonly runs: readonly RunMeasure[];
  };
}

export interface IncrementalOptions {
  readonly rows: number;
  readonly rounds: number;
  readonly log: (line: string) => void;
}

export function changesOf({ inserted, updated }: SourceChanges): number {
  return inserted + updated;
}

const RECENT_ROWS = 200_000;
/** A small run changes this share of its table instead. */
const MAX_RECENT_SHARE = 0.25;

/** Full and incremental syncs of one long table in turn, and runs that find nothing to do. */
export async function measureIncremental(
  bench: Bench,
  options: IncrementalOptions,
): Promise<IncrementalResult> {
  const { rows, log } = options;
  const table = followedTable('followed', rows);
  log(`incremental: loading ${formatCount(rows)} rows (${table.title})`);
  await loadTable(bench.serverUrl, table);
  const rounds: IncrementalRound[] = [];
  for (let number = 1; number <= options.rounds; number += 1) {
    rounds.push(await measureRound(bench, table, number, options));
  }
  await dropTable(bench.serverUrl, table);
  return { rows, rounds, idle: await measureIdle(bench, smallTables(), options) };
}

async function measureRound(
  bench: Bench,
  table: BenchTable,
  number: number,
  { rounds, log }: IncrementalOptions,
): Promise<IncrementalRound> {
  const prefix = `incremental, round ${number} of ${rounds}`;
  const url = urlOf(bench, table);
  const logged = <Measure extends RunMeasure>(what: string, measure: Measure): Measure => {
    log(`${prefix}: ${what} ${formatSeconds(measure.wallSeconds)}`);
    return measure;
  };
  const full = logged('full sync', await runFullSync(bench, table));
  const changed = logged(
    'sync of 1 %',
    await measureChanges(bench, table, await changePercent(url, number)),
  );
  await ageChanges(url);
  // Only a full sync sees that the rows were dated back.
  await runFullSync(bench, table);
  const recentRows = Math.min(RECENT_ROWS, Math.floor(table.rows * MAX_RECENT_SHARE));
  const recent = logged(
    `sync of ${formatCount(recentRows)} recent rows`,
    await measureChanges(bench, table, await changeRecent(url, recentRows)),
  );
  await ageChanges(url);
  return { full, changed, recent };
}

async function measureChanges(
  bench: Bench,
  table: BenchTable,
  expected: SourceChanges,
): Promise<ChangesMeasure> {
  const { measure, result } = await runDucktail<SyncResult>(bench, table, ['sync']);
  await checkCopy(bench, table);
  requireFollowed(result, 1, expected);
  const { inserted, updated, unchanged, seconds } = result.tables[0];
  return {
    ...measure,
    inserted,
    updated,
    unchanged,
    tableSeconds: seconds,
    changesPerSecond: changesOf(expected) / seconds,
  };
}

async function measureIdle(
  bench: Bench,
  tables: SmallTables,
  { rounds, log }: IncrementalOptions,
): Promise<IncrementalResult['idle']> {
  const { table, count, rowsEach } = tables;
  log(`incremental: loading ${count} tables of ${formatCount(rowsEach)} rows`);
  await loadSmallTables(bench.serverUrl, tables);
  await runFullSync(bench, table);
  const runs: RunMeasure[] = [];
  for (let number = 1; number <= rounds; number += 1) {
    const { measure, result } = await runDucktail<SyncResult>(bench, table, ['sync']);
    await checkCopy(bench, table);
    requireFollowed(result, count, { inserted: 0, updated: 0 });
    log(`nothing to do, round ${number} of ${rounds}: ${formatSeconds(measure.wallSeconds)}`);
    runs.push(measure);
  }
  await removeReplica(syncEnvironment(bench, table).DUCKDB_PATH);
  await dropTable(bench.serverUrl, table);
  return { tables: count, rowsEach, runs };
}

/** Throws unless all tables were followed by their watermarks and had these changes together. */
function requireFollowed(
  { tables }: SyncResult,
  count: number,
  { inserted, updated }: SourceChanges,
): void {
  const sum = (value: (table: TableSyncResult) => number) =>
    tables.reduce((total, table) => total + value(table), 0);
  const followed = tables.filter(({ mode }) => mode === 'incremental').length;
  const found = [followed, sum((table) => table.inserted), sum((table) => table.updated)];
  const expected = [count, inserted, updated];
  if (found.join() !== expected.join()) {
    throw new Error(
      `tables followed, rows inserted and updated are ${found.join(', ')} instead of ` +
        expected.join(', '),
    );
  }
}
