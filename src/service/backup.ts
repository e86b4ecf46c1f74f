import { existsSync } from 'node:fs';
import { DucktailError } from '../common/errors.js';
import { backupReplica, type BackupResult } from '../keep/backup.js';
import { compactReplica, type CompactionResult } from '../keep/compaction.js';
import type { KeepHooks } from '../keep/hooks.js';
import type { BackupContent } from '../keep/manifest.js';
import { openStorage } from '../storage/open-storage.js';
import type { Database, DatabaseOptions } from '../target/database.js';
import type { BackupSettings } from './keep-settings.js';
import { openReplica } from './replica.js';

export interface BackupOrder {
  /** A folder or `s3://…`; null: as BACKUP_TARGET says. */
  readonly target: string | null;
  /** null: as BACKUP_FORMAT says. */
  readonly content: BackupContent | null;
  /** Refused where there is no key. */
  readonly mustEncrypt: boolean;
  readonly signal: AbortSignal;
}

/** How long a backup or a snapshot waits for a checkpoint that something holds up. */
const PATIENCE_MS = 60_000;

/** How long queries that are running may hold up the exchange of the files. */
const SWAP_PATIENCE_MS = 30_000;

/** Takes a backup of a replica that is open already. */
export async function backupOn(
  database: Database,
  settings: BackupSettings,
  { target, content, mustEncrypt, signal }: BackupOrder,
  hooks?: KeepHooks,
): Promise<BackupResult> {
  if (mustEncrypt && settings.key === null) throw noKey();
  const location = target ?? settings.target;
  if (location === null) throw noTarget();
  using storage = await openStorage(location, settings.s3);
  return await backupReplica(database, {
    ...settings,
    content: content ?? settings.content,
    storage,
    patienceMs: PATIENCE_MS,
    signal,
    hooks,
  });
}

/** `ducktail backup` where no service runs. */
export async function backupFile(
  options: DatabaseOptions,
  settings: BackupSettings,
  order: BackupOrder,
  hooks?: KeepHooks,
): Promise<BackupResult> {
  await using database = await openExisting(options, settings.targetSchema);
  return await backupOn(database, settings, order, hooks);
}

/** For whoever has kept everybody else from writing. */
export function compactOn(
  database: Database,
  signal: AbortSignal,
  hooks?: KeepHooks,
): Promise<CompactionResult> {
  return compactReplica(database, { patienceMs: SWAP_PATIENCE_MS, signal, hooks });
}

/** `ducktail compact` where no service runs. */
export async function compactAlone(
  options: DatabaseOptions,
  targetSchema: string,
  signal: AbortSignal,
  hooks?: KeepHooks,
): Promise<CompactionResult> {
  await using database = await openExisting(options, targetSchema);
  return await compactOn(database, signal, hooks);
}

/** A mistyped path must not make a new replica. */
async function openExisting(options: DatabaseOptions, targetSchema: string): Promise<Database> {
  if (!existsSync(options.path)) {
    throw new DucktailError('target-failed', `there is no replica at ${options.path}`, {
      hint: 'Run `ducktail sync` first, or check DUCKDB_PATH.',
    });
  }
  return (await openReplica(options, targetSchema)).database;
}

function noKey(): DucktailError {
  return new DucktailError(
    'configuration',
    'the running service has no BACKUP_ENCRYPTION_KEY, and this command has one',
    { hint: "It is the service's that counts: set it there and start the service again." },
  );
}

function noTarget(): DucktailError {
  return new DucktailError('configuration', 'there is no place for the backup', {
    hint: 'Name a folder or s3://bucket/path, or set BACKUP_TARGET.',
  });
}
