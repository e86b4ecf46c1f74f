import { resolve } from 'node:path';
import type { BackupResult } from '../../keep/backup.js';
import type { KeepHooks } from '../../keep/hooks.js';
import type { BackupContent } from '../../keep/manifest.js';
import { backupFile } from '../../service/backup.js';
import { databaseOptions, replicaConfig } from '../context.js';
import { backupSettings } from '../keep-settings.js';
import { EXIT_OK, formatBytes, formatNumber, printJson, printLine } from '../output.js';
import { positionText } from '../position-text.js';
import { findService } from '../running-service.js';
import { stopSignal } from '../stop-signal.js';

export interface BackupArguments {
  /** A folder or `s3://…`; null: as BACKUP_TARGET says. */
  readonly target: string | null;
  readonly content: BackupContent | null;
  readonly json: boolean;
}

export async function runBackup(
  { json, ...order }: BackupArguments,
  hooks?: KeepHooks,
): Promise<number> {
  const result = await takeBackup(order, hooks);
  if (json) {
    printJson(result);
    return EXIT_OK;
  }
  const { backup, encrypted, position, tables, rows, bytes, seconds, pauseSeconds } = result;
  printLine(`${backup}${encrypted ? ', encrypted' : ''}`);
  printLine(
    `${formatNumber(rows)} rows in ${tables} tables, ${formatBytes(bytes)}, checked; in ` +
      `${seconds.toFixed(1)} s, of which writers waited ${pauseSeconds.toFixed(2)} s`,
  );
  printLine(positionText(position));
  for (const name of result.removed) printLine(`removed: ${name}`);
  return EXIT_OK;
}

/** Through the service where one runs: as its configuration has it, but for what is asked for here. */
async function takeBackup(
  { target, content }: Omit<BackupArguments, 'json'>,
  hooks: KeepHooks | undefined,
): Promise<BackupResult> {
  using service = await findService();
  using stop = stopSignal();
  if (service === null) {
    const config = replicaConfig();
    const options = databaseOptions(config, 'ducktail backup');
    const order = { target, content, mustEncrypt: false, signal: stop.signal };
    return await backupFile(options, backupSettings(config), order, hooks);
  }
  // The service has a working folder of its own.
  const place = target === null || target.startsWith('s3://') ? target : resolve(target);
  const mustEncrypt = service.config.backupKey !== null;
  const request = { call: 'backup', target: place, content, mustEncrypt } as const;
  return await service.client.call<'backup'>(request, () => undefined, stop.signal);
}
