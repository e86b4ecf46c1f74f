import { Command, CommanderError, Option } from 'commander';
import { environmentHelp } from '../../config/environment-help.js';
import { DucktailError } from '../common/errors.js';
import type { OrderedMode } from '../service/replication.js';
import { JSON_HELP, type JsonOption, type Run } from './command-options.js';
import type { RunHooks } from './commands/run-command.js';
import { isDebug } from './context.js';
import { addKeepCommands } from './keep-program.js';
import { EXIT_OK, EXIT_USAGE, reportError } from './output.js';
import type { SyncInterceptor } from './sync-settings.js';
import { VERSION } from './version.js';

const HELP_COLUMNS = 96;

/**
 * Runs the command line and returns the exit code. Commands are loaded when they are called, so
 * that none waits for what only another one needs.
 */
export async function runProgram(
  argv: readonly string[],
  hooks: ProgramHooks = {},
): Promise<number> {
  let exitCode = EXIT_OK;
  const run = async (json: boolean, command: () => Promise<number>): Promise<void> => {
    try {
      exitCode = await command();
    } catch (error) {
      exitCode = reportError(error, json, isDebug());
    }
  };
  try {
    await createProgram(run, hooks).parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has printed the help, the version or what is wrong with the arguments.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_OK : EXIT_USAGE;
    throw error;
  }
}

/** What tests put into the program. */
export interface ProgramHooks extends RunHooks {
  readonly intercept?: SyncInterceptor;
}

function createProgram(run: Run, { intercept, ...hooks }: ProgramHooks): Command {
  const program = new Command('ducktail')
    .description('Keeps a faithful, queryable copy of a MySQL or MariaDB database in DuckDB.')
    .version(VERSION)
    .exitOverride()
    .showHelpAfterError('(see ducktail --help)')
    .addHelpText('after', () => `\n${environmentHelp(HELP_COLUMNS)}`)
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 something failed, 2 bad usage or configuration.',
    );
  addCheck(program, run);
  addSync(program, run, intercept);
  addRun(program, run, intercept, hooks);
  addVerify(program, run);
  addStatus(program, run);
  addQuery(program, run);
  addKeepCommands(program, run, hooks.keep);
  return program;
}

function addCheck(program: Command, run: Run): void {
  program
    .command('check')
    .description('Checks connection, server settings, grants and tables; says what to do.')
    .option('--json', JSON_HELP)
    .action((options: JsonOption) =>
      run(options.json === true, async () => {
        const { runCheck } = await import('./commands/check-command.js');
        return runCheck({ json: options.json === true });
      }),
    );
}

function addSync(program: Command, run: Run, intercept: SyncInterceptor | undefined): void {
  program
    .command('sync')
    .description(
      'Brings the replica up to date once: tables that were never synced are copied whole and cut ' +
        'over together, the others are followed by their watermarks.',
    )
    .argument('[tables...]', 'only these tables, whatever INCLUDE_TABLES and EXCLUDE_TABLES say')
    .addOption(new Option('--full', 'copy every table from its beginning').conflicts('incremental'))
    .option('--incremental', 'only follow watermarks: a table that needs a copy is an error')
    .addOption(
      new Option(
        '--cdc',
        'follow the binlog to its present end instead, for all tables: finds every change',
      ).conflicts(['full', 'incremental', 'deletes', 'dryRun']),
    )
    .option('--deletes', 'find rows that are gone from the source and remove them')
    .option('--no-deletes', 'leave them, whatever INCREMENTAL_DELETES says')
    .option('--dry-run', 'print the plan: tables, rows, keys, watermarks, what can be lost')
    .option('--json', JSON_HELP)
    .action((tables: string[], options: SyncFlags) =>
      run(options.json === true, async () => {
        const { runSync } = await import('./commands/sync-command.js');
        const { json, dryRun, deletes = null } = options;
        const mode = syncMode(options);
        if (mode === 'cdc' && tables.length > 0) throw allTablesOnly();
        return runSync(
          { tables, mode, deletes, dryRun: dryRun === true, json: json === true },
          intercept,
        );
      }),
    );
}

function addRun(
  program: Command,
  run: Run,
  intercept: SyncInterceptor | undefined,
  hooks: Omit<ProgramHooks, 'intercept'>,
): void {
  program
    .command('run')
    .description(
      'Runs as a service until SIGTERM or SIGINT: copies the tables that were never synced, then ' +
        'keeps all of them up to date, and answers status, query, sync, verify, backup and compact ' +
        'meanwhile. Over HTTP it answers queries and can be watched: a page at /, /metrics for ' +
        'Prometheus, /api/events, /healthz and /readyz.',
    )
    .option('--json', `${JSON_HELP}, when it stops`)
    .action((options: JsonOption) =>
      run(options.json === true, async () => {
        const { runRun } = await import('./commands/run-command.js');
        return runRun({ json: options.json === true }, intercept, hooks);
      }),
    );
}

interface SyncFlags extends JsonOption {
  readonly full?: true;
  readonly incremental?: true;
  readonly cdc?: true;
  readonly deletes?: boolean;
  readonly dryRun?: true;
}

function syncMode({ full, incremental, cdc }: SyncFlags): OrderedMode {
  if (cdc === true) return 'cdc';
  if (full === true) return 'full';
  return incremental === true ? 'incremental' : 'automatic';
}

/** There is one position in the binlog for all of them. */
function allTablesOnly(): DucktailError {
  return new DucktailError('configuration', '--cdc takes no table names: it follows all of them', {
    hint: 'INCLUDE_TABLES and EXCLUDE_TABLES say which tables are replicated.',
  });
}

function addVerify(program: Command, run: Run): void {
  program
    .command('verify')
    .description(
      'Compares source and replica by value, in ranges, without moving rows. Exits with 1 where ' +
        'they differ.',
    )
    .argument('[tables...]', 'only these tables, whatever INCLUDE_TABLES and EXCLUDE_TABLES say')
    .option('--repair', 'read the rows that differ again and replace them')
    .option('--json', JSON_HELP)
    .action((tables: string[], { repair, json }: JsonOption & { repair?: true }) =>
      run(json === true, async () => {
        const { runVerify } = await import('./commands/verify-command.js');
        return runVerify({ tables, repair: repair === true, json: json === true });
      }),
    );
}

function addStatus(program: Command, run: Run): void {
  program
    .command('status')
    .description('Shows each replicated table: rows, last sync, watermark, rejected values.')
    .option('--json', JSON_HELP)
    .action((options: JsonOption) =>
      run(options.json === true, async () => {
        const { runStatus } = await import('./commands/status-command.js');
        return runStatus({ json: options.json === true });
      }),
    );
}

function addQuery(program: Command, run: Run): void {
  program
    .command('query')
    .description('Runs SQL on the replica, which is opened read-only.')
    .argument('<sql>', 'the statement, as one argument')
    .option('--json', JSON_HELP)
    .action((sql: string, options: JsonOption) =>
      run(options.json === true, async () => {
        const { runQuery } = await import('./commands/query-command.js');
        return runQuery(sql, { json: options.json === true });
      }),
    );
}
