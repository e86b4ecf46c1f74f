import type { KeepHooks } from '../keep/hooks.js';
import { MANIFEST, SEALED } from '../keep/manifest.js';
import { restoreReplica, type RestoreResult } from '../keep/restore.js';
import { openStorage, splitLocation } from '../storage/open-storage.js';
import type { S3Options } from '../storage/s3-options.js';
import type { DatabaseOptions } from '../target/database.js';

export interface RestoreTask {
  /** A backup, or the place where they are kept: then its newest one. */
  readonly from: string;
  readonly s3: S3Options;
  readonly key: Buffer | null;
  readonly database: DatabaseOptions;
  readonly signal: AbortSignal;
  readonly hooks?: KeepHooks | undefined;
}

/** `ducktail restore`. */
export async function restore(task: RestoreTask): Promise<RestoreResult> {
  const { from, s3, ...rest } = task;
  const isBackup = await isOneBackup(task);
  const { parent, name } = splitLocation(from);
  using storage = await openStorage(isBackup ? parent : from, s3);
  return await restoreReplica({ ...rest, storage, folder: isBackup ? name : null });
}

/** A bucket's first level is a place, whatever is in it. */
async function isOneBackup({ from, s3, signal }: RestoreTask): Promise<boolean> {
  const { parent, name } = splitLocation(from);
  if (parent === 's3:/' || parent === 's3:') return false;
  using storage = await openStorage(parent, s3);
  if (/^ducktail-[0-9a-f]+-\d{8}T\d{9}Z/.test(name)) return true;
  for (const manifest of [MANIFEST, MANIFEST + SEALED]) {
    const found = await storage.read(`${name}/${manifest}`, signal);
    found?.destroy();
    if (found !== null) return true;
  }
  return false;
}
