import { Command, InvalidArgumentError, Option } from 'commander';
import { formatCount } from '../demo/report.js';
import { runInWorkspace, type Workspace } from '../demo/workspace.js';
import { dropTable, loadTable, openBenchServer } from './bench-source.js';
import { reportResultsFile, reportTable } from './bench-report.js';
import { benchTables, type BenchTable, type TableName } from './bench-table.js';
import { measureClassic, measureDrain, measureSync, type Bench, type Measure } from './measures.js';
import { profileSync } from './profile.js';
import { writeResults, type Round, type TableResult } from './results.js';
import { ServerCpu } from './server-cpu.js';

interface BenchOptions {
  readonly rows: number;
  readonly rounds: number;
  readonly only?: TableName;
  readonly classicRows?: number;
  readonly skipClassic?: boolean;
  readonly profile?: boolean;
}

const DEFAULT_CLASSIC_ROWS = 300_000;
const tableNames: readonly TableName[] = ['main', 'wide', 'texts', 'narrow'];

const command = new Command('bench')
  .description('Measures ducktail sync --full beside the raw drain and the classic way.')
  .option('--rows <number>', 'rows of the main table', positive, 2_000_000)
  .option('--rounds <number>', 'rounds of the main table; the others have one', positive, 3)
  .addOption(new Option('--only <table>', 'one table').choices(tableNames))
  .option('--classic-rows <number>', 'rows for the classic way (default: 300,000)', positive)
  .option('--skip-classic', 'leave out the classic way')
  .option('--profile', 'instead: one sync under the profiler, top lines of every thread')
  .action((options: BenchOptions) =>
    runInWorkspace('ducktail-bench', (workspace) => run(workspace, options)),
  );

await command.parseAsync();

async function run(workspace: Workspace, options: BenchOptions): Promise<void> {
  const server = await openBenchServer(options.rows, log);
  workspace.onEnd(() => server[Symbol.asyncDispose]());
  const isPrivate = server.origin !== 'docker';
  const serverCpu = await ServerCpu.of(server.url, isPrivate);
  const bench: Bench = { workspace, serverUrl: server.url, serverCpu };
  const only = options.only ?? (options.profile ? 'main' : undefined);
  const results: TableResult[] = [];
  for (const table of benchTables(options.rows)) {
    if (only !== undefined && table.name !== only) continue;
    log(`${table.name}: loading ${formatCount(table.rows)} rows (${table.title})`);
    await loadTable(server.url, table);
    if (options.profile) await profileSync(bench, table);
    else results.push(await measureTable(bench, table, options));
    await dropTable(server.url, table);
  }
  if (options.profile) return;
  for (const result of results) reportTable(result, result.table === 'main');
  const name = [new Date().toISOString().slice(0, 10), options.rows, ...(only ? [only] : [])];
  reportResultsFile(await writeResults(name.join('-'), server.version, results));
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
