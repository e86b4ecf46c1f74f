import type { SyncResult } from '../src/model/sync-result.js';
import { sourceChecks } from './bench-source.js';
import type { BenchTable } from './bench-table.js';
import { measureRun } from './measured-run.js';
import { ducktailScript, removeReplica, syncEnvironment, type Bench } from './measures.js';
import { checkReplica } from './replica-checks.js';

/** One command, as a whole process. */
export interface RunMeasure {
  /** From the start of the process to its exit. */
  readonly wallSeconds: number;
  /** As the command itself says: without the start of the process. */
  readonly ownSeconds: number;
  readonly cpuSeconds: number;
  /** mysqld's; null where it can't be seen. */
  readonly serverCpuSeconds: number | null;
  readonly peakRssBytes: number;
}

/** Runs `ducktail` with `--json`; its document is `result`. */
export async function runDucktail<Result extends { readonly seconds: number }>(
  bench: Bench,
  table: BenchTable,
  commandArguments: readonly string[],
): Promise<{ readonly measure: RunMeasure; readonly result: Result }> {
  const run = await measureRun(
    bench.workspace,
    bench.serverCpu,
    ducktailScript,
    [...commandArguments, '--json'],
    syncEnvironment(bench, table),
  );
  const result = JSON.parse(run.stdout) as Result;
  const { wallSeconds, cpuSeconds, serverCpuSeconds, peakRssBytes } = run;
  return {
    measure: {
      wallSeconds,
      ownSeconds: result.seconds,
      cpuSeconds,
      serverCpuSeconds,
      peakRssBytes,
    },
    result,
  };
}

/** Into a new file. */
export async function runFullSync(bench: Bench, table: BenchTable): Promise<RunMeasure> {
  await removeReplica(syncEnvironment(bench, table).DUCKDB_PATH);
  const { measure } = await runDucktail<SyncResult>(bench, table, ['sync', '--full']);
  await checkCopy(bench, table);
  return measure;
}

/** Throws unless the copy is what the source is now. */
export async function checkCopy(bench: Bench, table: BenchTable): Promise<void> {
  const { DUCKDB_PATH } = syncEnvironment(bench, table);
  const expected = await sourceChecks(bench.serverUrl, table, Number.MAX_SAFE_INTEGER);
  await checkReplica(DUCKDB_PATH, table, expected);
}
