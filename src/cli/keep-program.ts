import { type Command, Option } from 'commander';
import type { KeepHooks } from '../keep/hooks.js';
import type { BackupContent } from '../keep/manifest.js';
import { JSON_HELP, type JsonOption, type Run } from './command-options.js';

/** The commands that keep a replica: backup, restore, compact. */
export function addKeepCommands(program: Command, run: Run, hooks: KeepHooks | undefined): void {
  addBackup(program, run, hooks);
  addRestore(program, run, hooks);
  addCompact(program, run, hooks);
}

function addBackup(program: Command, run: Run, hooks: KeepHooks | undefined): void {
  program
    .command('backup')
    .description(
      'Takes a consistent, checked copy of the replica while everything runs, through the service ' +
        'where one runs.',
    )
    .argument('[target]', 'a folder or s3://bucket/path, whatever BACKUP_TARGET says')
    .addOption(
      new Option(
        '--format <format>',
        'duckdb, which can be restored, or parquet, for other programs; whatever BACKUP_FORMAT says',
      ).choices(['duckdb', 'parquet']),
    )
    .option('--json', JSON_HELP)
    .action((target: string | undefined, options: JsonOption & { format?: BackupContent }) =>
      run(options.json === true, async () => {
        const { runBackup } = await import('./commands/backup-command.js');
        const { format: content = null, json } = options;
        return runBackup({ target: target ?? null, content, json: json === true }, hooks);
      }),
    );
}

function addRestore(program: Command, run: Run, hooks: KeepHooks | undefined): void {
  program
    .command('restore')
    .description(
      'Makes a new replica at DUCKDB_PATH of a backup, checked against its manifest; `run` then ' +
        'goes on from its position. Replaces nothing.',
    )
    .argument('<from>', 'a backup, or the folder or s3://bucket/path of several: the newest one')
    .option('--json', JSON_HELP)
    .action((from: string, { json }: JsonOption) =>
      run(json === true, async () => {
        const { runRestore } = await import('./commands/restore-command.js');
        return runRestore({ from, json: json === true }, hooks);
      }),
    );
}

function addCompact(program: Command, run: Run, hooks: KeepHooks | undefined): void {
  program
    .command('compact')
    .description(
      "Rewrites the replica's file without holes and puts it in its place in one step; a running " +
        'service holds its stream meanwhile.',
    )
    .option('--json', JSON_HELP)
    .action(({ json }: JsonOption) =>
      run(json === true, async () => {
        const { runCompact } = await import('./commands/compact-command.js');
        return runCompact({ json: json === true }, hooks);
      }),
    );
}
