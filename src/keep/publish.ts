import { randomUUID } from 'node:crypto';
import { chmod, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DucktailError, errorMessage } from '../common/errors.js';
import { syncFile } from '../target/apart-copy.js';
import type { Database } from '../target/database.js';
import { translateTargetError } from '../target/errors.js';
import { type CapturedReplica, captureReplica } from './captured-replica.js';
import type { KeepHooks } from './hooks.js';

export interface PublishRequest {
  /** Where the snapshot is to be found. */
  readonly path: string;
  readonly targetSchema: string;
  readonly patienceMs: number;
  readonly signal: AbortSignal;
  readonly hooks?: KeepHooks | undefined;
}

export interface PublishedSnapshot {
  readonly position: CapturedReplica['position'];
  readonly bytes: number;
  readonly seconds: number;
  /** How long writers waited. */
  readonly pauseSeconds: number;
}

const PARTIAL = /^\.[0-9a-f-]{36}\.partial(?:\.wal)?$/;

/**
 * Puts a copy of the replica, complete and checked, where other programs read it. They open the new
 * one or, having it open, keep the old one: it takes the old one's name in one step.
 */
export async function publishSnapshot(
  database: Database,
  { path, targetSchema, patienceMs, signal, hooks }: PublishRequest,
): Promise<PublishedSnapshot> {
  const startedAt = performance.now();
  const partial = `${path}.${randomUUID()}.partial`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await removePartial(path);
    const request = { destination: partial, targetSchema, patienceMs, signal };
    const { position, pauseSeconds } = await captureReplica(database, request);
    const { bytes } = await finish(partial);
    await hooks?.beforePublish?.();
    await rename(partial, path);
    await syncFile(dirname(path));
    const seconds = (performance.now() - startedAt) / 1000;
    return { position, bytes, seconds, pauseSeconds };
  } catch (error) {
    // What it failed with is to be told, not that nothing can be removed there.
    await rm(partial, { force: true }).catch(() => undefined);
    signal.throwIfAborted();
    throw cannotPublish(error, path);
  }
}

function cannotPublish(error: unknown, path: string): Error {
  const translated = translateTargetError(error, path);
  if (translated instanceof DucktailError) return translated;
  return new DucktailError('target-failed', `${path} can't be published: ${errorMessage(error)}`, {
    cause: error,
    hint: 'SNAPSHOT_PATH names a file, in a folder that the service may write to.',
  });
}

/** Nobody is to write to it: what is written there is gone with the next one. */
async function finish(partial: string): Promise<{ bytes: number }> {
  await chmod(partial, 0o444);
  return { bytes: (await stat(partial)).size };
}

/** What a crash left: there is one process that publishes here. */
async function removePartial(path: string): Promise<void> {
  const name = basename(path);
  for (const entry of await readdir(dirname(path))) {
    const isPartial = entry.startsWith(name) && PARTIAL.test(entry.slice(name.length));
    if (isPartial) await rm(join(dirname(path), entry), { force: true });
  }
}
