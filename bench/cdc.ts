import { stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { formatCount, formatMegabytes, formatSeconds } from '../demo/report.js';
import { RunningService } from '../test/e2e/support/running-service.js';
import { databaseOf, dropTable, loadTable, sourceChecks } from './bench-source.js';
import { type BenchTable, mainTable } from './bench-table.js';
import { LagProbes, type LagMeasure } from './cdc-probes.js';
import { BULK_ROWS, CdcSource } from './cdc-source.js';
import { runFullSync } from './ducktail-run.js';
import { type Bench, removeReplica, syncEnvironment } from './measures.js';
import { checkReplica } from './replica-checks.js';

/** A service that catches up on what was written while it was stopped. */
export interface CatchUpMeasure {
  readonly rows: number;
  /** From the state `streaming` until everything is there. */
  readonly seconds: number;
  readonly rowsPerSecond: number;
  /** Null where the system doesn't say. */
  readonly peakRssBytes: number | null;
}

export interface SteadyMeasure {
  readonly changesPerSecond: number;
  readonly seconds: number;
  readonly lag: LagMeasure;
  readonly peakRssBytes: number | null;
}

export interface SizeMeasure {
  readonly changes: number;
  readonly changedBytes: number;
  readonly freshBytes: number;
}

export interface CdcResult {
  readonly rows: number;
  readonly oneRow: readonly CatchUpMeasure[];
  readonly bulk: readonly CatchUpMeasure[];
  readonly steady: SteadyMeasure;
  readonly size: SizeMeasure;
}

export interface CdcOptions {
  readonly rows: number;
  /** One-row transactions to catch up on, in each round. */
  readonly transactions: number;
  readonly rounds: number;
  readonly steadySeconds: number;
  readonly log: (line: string) => void;
}

const BULK_SHARE = 2.5;
const STEADY_CHANGES_PER_SECOND = 5_000;
const STEADY_STEP_MS = 20;
/** A smaller table gets fewer, so that they are as scattered. */
const MAX_SCATTERED = 1_000_000;
const SCATTERED_SHARE = 0.2;
const TIMEOUT_MS = 600_000;

/** The whole way from the binlog into the replica of a long table. */
export async function measureCdc(bench: Bench, options: CdcOptions): Promise<CdcResult> {
  const { rows, log } = options;
  const table: BenchTable = { ...mainTable(rows), name: 'cdc' };
  log(`cdc: loading ${formatCount(rows)} rows (${table.title})`);
  await loadTable(bench.serverUrl, table);
  await using source = await CdcSource.open(`${bench.serverUrl}/${databaseOf(table)}`);
  await source.prepare();
  await source.run('CREATE TABLE probes (n INT PRIMARY KEY)');
  const { DUCKDB_PATH } = syncEnvironment(bench, table);
  await using service = await RunningService.start(source, DUCKDB_PATH, {
    variables: ownVariables(),
    lifeMs: TIMEOUT_MS,
  });
  log('cdc: the copy is made');
  await service.stop();
  const scene: Scene = { bench, table, source, service, options };
  const oneRow = await measureRounds(scene, 'one-row transactions', () =>
    source.changeRows(options.transactions),
  );
  const bulkRows = Math.ceil((options.transactions * BULK_SHARE) / BULK_ROWS) * BULK_ROWS;
  const bulk = await measureRounds(scene, 'inserts of 1,000 rows', () =>
    source.insertBulk(bulkRows),
  );
  const steady = await measureSteady(scene);
  const size = await measureSize(scene);
  await dropTable(bench.serverUrl, table);
  return { rows, oneRow, bulk, steady, size };
}

interface Scene {
  readonly bench: Bench;
  readonly table: BenchTable;
  readonly source: CdcSource;
  /** Stopped between the measures. */
  readonly service: RunningService;
  readonly options: CdcOptions;
}

async function measureRounds(
  scene: Scene,
  what: string,
  write: () => Promise<number>,
): Promise<CatchUpMeasure[]> {
  const { service, options } = scene;
  const measures: CatchUpMeasure[] = [];
  for (let number = 1; number <= options.rounds; number += 1) {
    const rows = await write();
    await service.start();
    const since = performance.now();
    await service.caughtUp({ timeoutMs: TIMEOUT_MS });
    const seconds = (performance.now() - since) / 1000;
    const peakRssBytes = await service.peakRssBytes();
    await service.stop();
    await checkCopy(scene);
    measures.push({ rows, seconds, rowsPerSecond: rows / seconds, peakRssBytes });
    options.log(
      `cdc, round ${number} of ${options.rounds}: ${formatCount(rows)} rows of ${what} in ` +
        formatSeconds(seconds),
    );
  }
  return measures;
}

async function measureSteady(scene: Scene): Promise<SteadyMeasure> {
  const { service, source, options } = scene;
  const { steadySeconds, log } = options;
  await service.start();
  const stop = new AbortController();
  const since = performance.now();
  const writing = writeSteadily(source.url, stop.signal);
  writing.catch(() => undefined);
  let lag: LagMeasure;
  try {
    lag = await new LagProbes(source, service).measure('probes', steadySeconds);
  } finally {
    stop.abort();
  }
  const changes = await writing;
  const seconds = (performance.now() - since) / 1000;
  await service.caughtUp({ timeoutMs: TIMEOUT_MS });
  const peakRssBytes = await service.peakRssBytes();
  await service.stop();
  await checkCopy(scene);
  log(
    `cdc: ${formatCount(changes / seconds)} changes/s, p99 of the lag ${lag.p99Ms.toFixed(0)} ms`,
  );
  return { changesPerSecond: changes / seconds, seconds, lag, peakRssBytes };
}

/** Late steps are made up for, so that the rate holds as far as the server can. */
async function writeSteadily(url: string, stop: AbortSignal): Promise<number> {
  await using source = await CdcSource.open(url);
  const perStep = (STEADY_CHANGES_PER_SECOND * STEADY_STEP_MS) / 1000;
  const since = performance.now();
  let changed = 0;
  for (let step = 1; !stop.aborted; step += 1) {
    changed += await source.changeRows(perStep);
    const early = since + step * STEADY_STEP_MS - performance.now();
    if (early > 0) await delay(early);
  }
  return changed;
}

async function measureSize({
  bench,
  table,
  source,
  service,
  options,
}: Scene): Promise<SizeMeasure> {
  const { rows, log } = options;
  const { DUCKDB_PATH } = syncEnvironment(bench, table);
  const wanted = Math.min(MAX_SCATTERED, Math.floor(rows * SCATTERED_SHARE));
  await service.start();
  const changes = await source.updateScattered(rows, wanted);
  await service.caughtUp({ timeoutMs: TIMEOUT_MS });
  // A clean stop ends with a checkpoint.
  await service.stop();
  await checkCopy({ bench, table });
  const changedBytes = (await stat(DUCKDB_PATH)).size;
  await source.run('DROP TABLE probes');
  await runFullSync(bench, table);
  const freshBytes = (await stat(DUCKDB_PATH)).size;
  await removeReplica(DUCKDB_PATH);
  log(
    `cdc: ${path.basename(DUCKDB_PATH)} has ${formatMegabytes(changedBytes)} after ` +
      `${formatCount(changes)} scattered changes, a new copy ${formatMegabytes(freshBytes)}`,
  );
  return { changes, changedBytes, freshBytes };
}

async function checkCopy({ bench, table }: Pick<Scene, 'bench' | 'table'>): Promise<void> {
  const expected = await sourceChecks(bench.serverUrl, table, Number.MAX_SAFE_INTEGER);
  await checkReplica(syncEnvironment(bench, table).DUCKDB_PATH, table, expected);
}

/** The caller's own settings of the stream, so that they can be tried. */
function ownVariables(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      /^(CDC|DUCKDB|WORKER)_/.test(name) && value !== undefined ? [[name, value]] : [],
    ),
  );
}
