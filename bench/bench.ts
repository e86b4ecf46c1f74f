import { Command, InvalidArgumentError, Option } from 'commander';
import { formatCount } from '../demo/report.js';
import { runInWorkspace, type Workspace } from '../demo/workspace.js';
import { dropTable, loadTable, openBenchServer } from './bench-source.js';
import { reportResultsFile, reportTable } from './bench-report.js';
import { benchTables, type BenchTable, type TableName } from './bench-table.js';
import { measureDecode } from './cdc-decode.js';
import { reportCdc, reportDecode } from './cdc-report.js';
import { measureCdc } from './cdc.js';
import { reportHttp, reportReaders } from './http-report.js';
import { measureReaders } from './http-readers.js';
import { measureHttp } from './http.js';
import { reportIncremental } from './incremental-report.js';
import { measureIncremental } from './incremental.js';
import { measureClassic, measureDrain, measureSync, type Bench, type Measure } from './measures.js';
import { profileSync } from './profile.js';
import { writeResults, type BenchResults, type Round, type TableResult } from './results.js';
import { ServerCpu } from './server-cpu.js';
import { reportVerify } from './verify-report.js';
import { measureVerify } from './verify.js';

/** A table of the full sync, or a part that stands beside them. */
type Part = TableName | 'incremental' | 'verify' | 'cdc-decode' | 'cdc' | 'http' | 'http-readers';

interface BenchOptions {
  readonly rows: number;
  readonly incrementalRows: number;
  readonly cdcRows: number;
  readonly cdcTransactions: number;
  readonly cdcSeconds: number;
  readonly rounds: number;
  readonly only?: Part;
  readonly classicRows?: number;
  readonly skipClassic?: boolean;
  readonly profile?: boolean;
}

const DEFAULT_CLASSIC_ROWS = 300_000;
const tableNames: readonly TableName[] = ['main', 'wide', 'texts', 'narrow'];
const parts: readonly Part[] = [
  ...tableNames,
  'incremental',
  'verify',
  'cdc-decode',
  'cdc',
  'http',
  'http-readers',
];

const command = new Command('bench')
  .description(
    'Measures ducktail sync --full beside the raw drain and the classic way, and incremental syncs ' +
      'and ducktail verify beside full syncs; reading the binlog beside zongji, and ducktail run.',
  )
  .option('--rows <number>', 'rows of the main table', positive, 2_000_000)
  .option('--incremental-rows <number>', 'rows of the followed table', positive, 5_000_000)
  .option('--cdc-rows <number>', 'rows of the table that ducktail run follows', positive, 5_000_000)
  .option('--cdc-transactions <number>', 'one-row transactions to catch up on', positive, 200_000)
  .option('--cdc-seconds <number>', 'seconds of steady changes', positive, 60)
  .option('--rounds <number>', 'rounds; of the tables but main, there is one', positive, 3)
  .addOption(new Option('--only <part>', 'one table or part').choices(parts))
  .option('--classic-rows <number>', 'rows for the classic way (default: 300,000)', positive)
  .option('--skip-classic', 'leave out the classic way')
  .option('--profile', 'instead: one sync under the profiler, top lines of every thread')
  .action((options: BenchOptions) =>
    runInWorkspace('ducktail-bench', (workspace) => run(workspace, options)),
  );

await command.parseAsync();

async function run(workspace: Workspace, options: BenchOptions): Promise<void> {
  const { only } = options;
  const isMeasured = (part: Part) => only === undefined || part === only;
  const server = await openBenchServer(mostRows(options), log);
  workspace.onEnd(() => server[Symbol.asyncDispose]());
  const isPrivate = server.origin !== 'docker';
  const serverCpu = await ServerCpu.of(server.url, isPrivate);
  const bench: Bench = { workspace, serverUrl: server.url, serverCpu };
  if (options.profile) {
    await profile(bench, options);
    return;
  }
  const { rounds } = options;
  const results: BenchResults = {
    tables: await measureTables(bench, options),
    incremental: isMeasured('incremental')
      ? await measureIncremental(bench, { rows: options.incrementalRows, rounds, log })
      : null,
    verify: isMeasured('verify')
      ? await measureVerify(bench, { rows: options.rows, rounds, log })
      : null,
    decode: isMeasured('cdc-decode')
      ? await measureDecode(bench, { transactions: options.cdcTransactions, rounds, log })
      : null,
    cdc: isMeasured('cdc')
      ? await measureCdc(bench, {
          rows: options.cdcRows,
          transactions: options.cdcTransactions,
          steadySeconds: options.cdcSeconds,
          rounds,
          log,
        })
      : null,
    http: isMeasured('http') ? await measureHttp({ rounds, log }) : null,
    readers: isMeasured('http-readers')
      ? await measureReaders(bench, {
          rows: options.rows,
          transactions: options.cdcTransactions,
          rounds,
          log,
        })
      : null,
  };
  report(results);
  const size = sizeOf(options, only ?? 'main');
  const name = [new Date().toISOString().slice(0, 10), size, ...(only ? [only] : [])];
  reportResultsFile(await writeResults(name.join('-'), server.version, results));
}

/** Of the longest table. */
function mostRows(options: BenchOptions): number {
  const { only, profile: isProfile } = options;
  if (isProfile) return options.rows;
  return Math.max(...(only === undefined ? parts : [only]).map((part) => sizeOf(options, part)));
}

function sizeOf(options: BenchOptions, part: Part): number {
  switch (part) {
    case 'incremental':
      return options.incrementalRows;
    case 'cdc':
      return options.cdcRows;
    case 'cdc-decode':
      return options.cdcTransactions;
    default:
      return options.rows;
  }
}

async function profile(bench: Bench, { only = 'main', rows }: BenchOptions): Promise<void> {
  const table = benchTables(rows).find(({ name }) => name === only);
  if (table === undefined) throw new Error(`--profile takes a table, and '${only}' is none`);
  await withTable(bench, table, () => profileSync(bench, table));
}

async function measureTables(bench: Bench, options: BenchOptions): Promise<TableResult[]> {
  const { only } = options;
  const results: TableResult[] = [];
  for (const table of benchTables(options.rows)) {
    if (only !== undefined && table.name !== only) continue;
    await withTable(bench, table, async () => {
      results.push(await measureTable(bench, table, options));
    });
  }
  return results;
}

/** The table is in the source for the time of `work`. */
async function withTable(
  { serverUrl }: Bench,
  table: BenchTable,
  work: () => Promise<void>,
): Promise<void> {
  log(`${table.name}: loading ${formatCount(table.rows)} rows (${table.title})`);
  await loadTable(serverUrl, table);
  await work();
  await dropTable(serverUrl, table);
}

function report({ tables, incremental, verify, decode, cdc, http, readers }: BenchResults): void {
  for (const result of tables) reportTable(result, result.table === 'main');
  if (incremental !== null) reportIncremental(incremental);
  if (verify !== null) reportVerify(verify);
  if (decode !== null) reportDecode(decode);
  if (cdc !== null) reportCdc(cdc);
  if (http !== null) reportHttp(http);
  if (readers !== null) reportReaders(readers);
}

/** Alternates, so that a slow moment of the machine doesn't fall on one measure alone. */
async function measureTable(
  bench: Bench,
  table: BenchTable,
  options: BenchOptions,
): Promise<TableResult> {
  const isMain = table.name === 'main';
  const classicRows = Math.min(table.rows, options.classicRows ?? DEFAULT_CLASSIC_ROWS);
  // Brings the table into the server's memory; its figure doesn't count.
  await measureDrain(bench, table);
  const rounds: Round[] = [];
  const count = isMain ? options.rounds : 1;
  for (let number = 1; number <= count; number += 1) {
    const prefix = `${table.name}, round ${number} of ${count}`;
    const drain = logged(`${prefix}: (a) drain`, await measureDrain(bench, table));
    const sync = logged(`${prefix}: (b) sync`, await measureSync(bench, table));
    const classic =
      isMain && !options.skipClassic
        ? logged(`${prefix}: (c) classic`, await measureClassic(bench, table, classicRows))
        : null;
    rounds.push({ drain, sync, classic });
  }
  return { table: table.name, title: table.title, rounds };
}

function logged(what: string, measure: Measure): Measure {
  log(`${what} ${formatCount(measure.rowsPerSecond)} rows/s`);
  return measure;
}

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new InvalidArgumentError('It must be a whole number from 1.');
  }
  return value;
}
