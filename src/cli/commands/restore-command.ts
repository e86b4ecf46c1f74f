import type { KeepHooks } from '../../keep/hooks.js';
import { restore } from '../../service/restore.js';
import { databaseOptions, replicaConfig } from '../context.js';
import { s3Options } from '../keep-settings.js';
import { EXIT_OK, formatNumber, printJson, printLine } from '../output.js';
import { positionText } from '../position-text.js';
import { stopSignal } from '../stop-signal.js';

export interface RestoreArguments {
  readonly from: string;
  readonly json: boolean;
}

export async function runRestore(
  { from, json }: RestoreArguments,
  hooks?: KeepHooks,
): Promise<number> {
  const config = replicaConfig();
  using stop = stopSignal();
  const result = await restore({
    from,
    s3: s3Options(config),
    key: config.backupKey,
    database: databaseOptions(config, 'ducktail restore'),
    signal: stop.signal,
    hooks,
  });
  if (json) {
    printJson(result);
    return EXIT_OK;
  }
  const { backup, replica, createdAt, position, tables, rows, seconds } = result;
  printLine(`${replica}: ${backup}, of ${createdAt}`);
  printLine(`${formatNumber(rows)} rows in ${tables} tables, checked, in ${seconds.toFixed(1)} s`);
  printLine(positionText(position));
  const [run, sync] = ['`ducktail run`', '`ducktail sync`'];
  printLine(position === null ? `${sync} brings it up to date.` : `${run} goes on from there.`);
  return EXIT_OK;
}
