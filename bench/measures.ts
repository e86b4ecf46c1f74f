import { rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Workspace } from '../demo/workspace.js';
import type { SyncResult } from '../src/model/sync-result.js';
import { databaseOf, sourceChecks } from './bench-source.js';
import type { BenchTable } from './bench-table.js';
import { compiledFile } from './compiled-file.js';
import { measureRun, type MeasuredRun } from './measured-run.js';
import { checkReplica } from './replica-checks.js';
import type { ServerCpu } from './server-cpu.js';
import type { TimedRows } from './timed-rows.js';

export interface Measure {
  readonly rows: number;
  /** What `rowsPerSecond` is of. */
  readonly seconds: number;
  readonly rowsPerSecond: number;
  readonly cpuSeconds: number;
  /** mysqld's; null where it can't be seen. */
  readonly serverCpuSeconds: number | null;
  readonly peakRssBytes: number;
  readonly maxLoopDelayMs: number;
}

export interface Bench {
  readonly workspace: Workspace;
  readonly serverUrl: string;
  readonly serverCpu: ServerCpu;
}

export const ducktailScript = fileURLToPath(new URL('../../bin/ducktail.js', import.meta.url));

/** (a) From the start of the query to its end. */
export async function measureDrain(bench: Bench, table: BenchTable): Promise<Measure> {
  const script = fileURLToPath(compiledFile('drain'));
  const run = await measure(bench, script, [urlOf(bench, table)], process.env);
  return toMeasure(run, JSON.parse(run.stdout) as TimedRows, table.rows);
}

/** (b) From the start of the process to its exit, into a new file. */
export async function measureSync(bench: Bench, table: BenchTable): Promise<Measure> {
  const environment = syncEnvironment(bench, table);
  try {
    const run = await measure(bench, ducktailScript, ['sync', '--full', '--json'], environment);
    const { tables } = JSON.parse(run.stdout) as SyncResult;
    await checkReplica(environment.DUCKDB_PATH, table, await checksOf(bench, table, table.rows));
    return toMeasure(run, { rows: tables[0].rows, seconds: run.wallSeconds }, table.rows);
  } finally {
    await removeReplica(environment.DUCKDB_PATH);
  }
}

/** (c) From connecting to the end of the checkpoint, over the table's first `rows` rows. */
export async function measureClassic(
  bench: Bench,
  table: BenchTable,
  rows: number,
): Promise<Measure> {
  const duckdbPath = path.join(bench.workspace.folder, 'classic.duckdb');
  try {
    const script = fileURLToPath(compiledFile('classic'));
    const scriptArguments = [urlOf(bench, table), String(rows), duckdbPath];
    const run = await measure(bench, script, scriptArguments, process.env);
    await checkReplica(duckdbPath, table, await checksOf(bench, table, rows));
    return toMeasure(run, JSON.parse(run.stdout) as TimedRows, rows);
  } finally {
    await removeReplica(duckdbPath);
  }
}

/** The caller's own settings apply, so that they can be tried; only source and target are set. */
export function syncEnvironment(
  bench: Bench,
  table: BenchTable,
): NodeJS.ProcessEnv & { readonly DUCKDB_PATH: string } {
  return {
    ...process.env,
    MYSQL_URL: urlOf(bench, table),
    DUCKDB_PATH: path.join(bench.workspace.folder, 'replica.duckdb'),
  };
}

export function urlOf(bench: Bench, table: BenchTable): string {
  return `${bench.serverUrl}/${databaseOf(table)}`;
}

function measure(
  bench: Bench,
  script: string,
  scriptArguments: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<MeasuredRun> {
  return measureRun(bench.workspace, bench.serverCpu, script, scriptArguments, environment);
}

function checksOf(bench: Bench, table: BenchTable, rows: number): Promise<string[]> {
  return sourceChecks(bench.serverUrl, table, rows);
}

function toMeasure(run: MeasuredRun, timed: TimedRows, expectedRows: number): Measure {
  if (timed.rows !== expectedRows) {
    throw new Error(`${timed.rows} rows came over instead of ${expectedRows}`);
  }
  return {
    rows: timed.rows,
    seconds: timed.seconds,
    rowsPerSecond: timed.rows / timed.seconds,
    cpuSeconds: run.cpuSeconds,
    serverCpuSeconds: run.serverCpuSeconds,
    peakRssBytes: run.peakRssBytes,
    maxLoopDelayMs: run.maxLoopDelayMs,
  };
}

export async function removeReplica(duckdbPath: string): Promise<void> {
  for (const suffix of ['', '.wal', '.lock']) await rm(duckdbPath + suffix, { force: true });
}
