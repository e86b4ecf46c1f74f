import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { DucktailError } from '../common/errors.js';
import type { BackupStorage } from '../storage/backup-storage.js';
import { storageError } from '../storage/storage-error.js';
import { forgetSetting } from '../state/settings.js';
import { syncFile } from '../target/apart-copy.js';
import { Database, type DatabaseOptions } from '../target/database.js';
import { translateTargetError } from '../target/errors.js';
import { acquireLock } from '../target/lock-file.js';
import { removeWorkFiles, workFile } from '../target/work-files.js';
import type { KeepHooks } from './hooks.js';
import { type BackupPlace, fetchFile, readManifest } from './backup-files.js';
import { findBackups } from './backup-name.js';
import { requireSame } from './captured-replica.js';
import { contentOf, type Manifest, REPLICA_FILE } from './manifest.js';

export interface RestoreRequest {
  readonly storage: BackupStorage;
  /** The backup's folder; null: the newest that can be restored. */
  readonly folder: string | null;
  /** null: none is set, which is right for what is not encrypted. */
  readonly key: Buffer | null;
  readonly database: DatabaseOptions;
  readonly signal: AbortSignal;
  readonly hooks?: KeepHooks | undefined;
}

export interface RestoreResult {
  /** Where it came from. */
  readonly backup: string;
  readonly replica: string;
  readonly createdAt: string;
  readonly position: Manifest['position'];
  readonly tables: number;
  readonly rows: number;
  readonly seconds: number;
}

/**
 * Makes a replica of a backup: fetched and checked beside the place where it is to be, and put there
 * in one step. Nothing that is there already is replaced.
 */
export async function restoreReplica(request: RestoreRequest): Promise<RestoreResult> {
  const startedAt = performance.now();
  const { storage, key, database, signal } = request;
  const folder = request.folder ?? (await newestBackup(storage, signal));
  const place: BackupPlace = { storage, folder, key, signal };
  await refuseExisting(database.path);
  const lock = await acquireLock(database.path, database.owner);
  try {
    await refuseExisting(database.path);
    await removeWorkFiles(database.path);
    const manifest = await readManifest(place);
    if (manifest.content === 'parquet') throw notRestorable(`${storage.place}/${folder}`);
    const work = workFile(database.path, 'restore');
    try {
      await fetchReplica(place, manifest, work);
      await makeItsOwn({ ...database, path: work });
      await request.hooks?.beforeRestored?.();
      signal.throwIfAborted();
      await putInPlace(work, database.path);
    } finally {
      for (const left of [work, `${work}.wal`]) await rm(left, { force: true });
    }
    return {
      backup: `${storage.place.replace(/\/$/, '')}/${folder}`,
      replica: database.path,
      createdAt: manifest.createdAt,
      position: manifest.position,
      ...contentOf(manifest.tables),
      seconds: (performance.now() - startedAt) / 1000,
    };
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    await lock.release();
  }
}

async function newestBackup(storage: BackupStorage, signal: AbortSignal): Promise<string> {
  const backups = findBackups(await storage.list(signal));
  const newest = backups.find(({ isWhole, content }) => isWhole && content === 'duckdb');
  if (newest !== undefined) return newest.name;
  throw new DucktailError('backup-damaged', `there is no whole backup at ${storage.place}`, {
    hint: 'Name the folder that BACKUP_TARGET names, or one backup in it.',
  });
}

/** An empty file is none. A log without its file would be taken for the new one's. */
async function refuseExisting(path: string): Promise<void> {
  for (const file of [path, `${path}.wal`]) {
    const found = await stat(file).catch(() => null);
    if (found === null || (found.isFile() && found.size === 0)) continue;
    throw new DucktailError('configuration', `${file} is there already; nothing was restored`, {
      hint: 'Set DUCKDB_PATH to a new file, or move the one that is there (and its .wal) away.',
    });
  }
}

async function fetchReplica(place: BackupPlace, manifest: Manifest, work: string): Promise<void> {
  const file = manifest.files.find(({ name }) => name === REPLICA_FILE);
  if (file === undefined) {
    throw new DucktailError('backup-damaged', `the manifest names no ${REPLICA_FILE}`, {
      hint: 'Restore another backup.',
    });
  }
  await fetchFile(place, file, manifest.encryption !== null, async (content) => {
    const sink = createWriteStream(work, { flags: 'wx', mode: 0o600, flush: true });
    try {
      await pipeline(content, sink, { signal: place.signal });
    } catch (error) {
      place.signal.throwIfAborted();
      const isOurs = ['write', 'open', 'fsync'].includes(
        (error as NodeJS.ErrnoException).syscall ?? '',
      );
      throw isOurs ? translateTargetError(error, work) : storageError(place.storage.place, error);
    }
  });
  await requireSame(work, manifest.targetSchema, manifest, 'the restored file', place.signal);
}

/**
 * The replica that the backup was made of may live on. Two with one server id would throw each other
 * out at the source, and two of one name remove each other's backups.
 */
async function makeItsOwn(options: DatabaseOptions): Promise<void> {
  await using database = await Database.open(options);
  await database.transaction(async () => {
    await forgetSetting(database, 'cdc_server_id');
    await forgetSetting(database, 'replica_id');
  });
  await database.withWriter(() => database.run('CHECKPOINT'));
}

async function putInPlace(work: string, path: string): Promise<void> {
  await syncFile(work);
  await refuseExisting(path);
  await rename(work, path);
  await syncFile(dirname(path));
}

function notRestorable(place: string): DucktailError {
  return new DucktailError('configuration', `${place} is Parquet, which is for other programs`, {
    hint: 'Only backups of --format duckdb can be restored. Any DuckDB reads this one: read_parquet.',
  });
}
