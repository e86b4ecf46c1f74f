import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type { WatermarkRule } from '../model/watermark-rule.js';
import type { BackupStorage } from '../storage/backup-storage.js';
import { readSetting, recordSetting } from '../state/settings.js';
import type { Database } from '../target/database.js';
import { workFile } from '../target/work-files.js';
import { type BackupPlace, describeFile, storeFile, storeManifest } from './backup-files.js';
import { backupName, expired, findBackups, nameStart, type Retention } from './backup-name.js';
import { type CapturedReplica, captureReplica } from './captured-replica.js';
import type { KeepHooks } from './hooks.js';
import {
  type BackupContent,
  type BackupPosition,
  contentOf,
  MANIFEST,
  type ManifestFile,
  REPLICA_FILE,
  SEALED,
} from './manifest.js';
import { storeParquet } from './parquet-backup.js';

/** Removed first: what is left of a backup then is known for what it is. */
const MANIFESTS = [MANIFEST, MANIFEST + SEALED];

/** For removing what failed; else the next backup does it. */
const CLEANUP_MS = 60_000;
/** The same where the process is to end. */
const STOP_MS = 2_000;

export interface BackupRequest {
  readonly storage: BackupStorage;
  readonly content: BackupContent;
  /** null: not encrypted. */
  readonly key: Buffer | null;
  readonly retention: Retention;
  /** Columns by whose values Parquet is split into folders. */
  readonly partitionBy: readonly WatermarkRule[];
  readonly targetSchema: string;
  /** Ducktail's. */
  readonly version: string;
  readonly patienceMs: number;
  readonly signal: AbortSignal;
  readonly hooks?: KeepHooks | undefined;
}

export interface BackupResult {
  /** Where it is. */
  readonly backup: string;
  readonly content: BackupContent;
  readonly encrypted: boolean;
  readonly position: BackupPosition | null;
  readonly tables: number;
  readonly rows: number;
  /** Of its files, before they were encrypted. */
  readonly bytes: number;
  readonly seconds: number;
  /** How long writers waited. */
  readonly pauseSeconds: number;
  /** Backups that were removed: beyond what is to be kept, or never finished. */
  readonly removed: readonly string[];
}

/**
 * Takes a backup while everything runs: a copy of the replica at one instant, opened and counted,
 * then written to its place, the manifest last. What fails or is killed leaves no manifest, and is
 * removed at once or by the next one: a replica's backups are made by the one process that has it.
 */
export async function backupReplica(
  database: Database,
  request: BackupRequest,
): Promise<BackupResult> {
  const startedAt = performance.now();
  const { storage, content, key, signal } = request;
  const replicaId = await knownId(database);
  const unfinished = await removeUnfinished(storage, replicaId, signal);
  const now = Date.now();
  const folder = backupName(replicaId, now, content);
  const place: BackupPlace = { storage, folder, key, signal };
  try {
    const { captured, files } = await storeReplica(database, place, request);
    await request.hooks?.beforeManifest?.();
    await storeManifest(place, {
      format: 'ducktail-backup',
      formatVersion: 1,
      content,
      createdAt: new Date(now).toISOString(),
      replicaId,
      versions: {
        ducktail: request.version,
        duckdb: captured.version,
        storage: database.storageVersion,
      },
      targetSchema: request.targetSchema,
      position: captured.position,
      tables: [...captured.tables],
      encryption: key === null ? null : 'AES-256-GCM',
      files: [...files],
    });
    const old = await removeExpired(storage, replicaId, request);
    return {
      backup: `${storage.place.replace(/\/$/, '')}/${folder}`,
      content,
      encrypted: key !== null,
      position: captured.position,
      ...contentOf([...captured.tables]),
      bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
      seconds: (performance.now() - startedAt) / 1000,
      pauseSeconds: captured.pauseSeconds,
      removed: [...unfinished, ...old],
    };
  } catch (error) {
    // What it failed with is to be told, not that the rest of it could not be removed either.
    const inTime = AbortSignal.timeout(signal.aborted ? STOP_MS : CLEANUP_MS);
    await removeIfUnfinished(storage, folder, inTime).catch(() => undefined);
    signal.throwIfAborted();
    throw error;
  }
}

async function storeReplica(
  database: Database,
  place: BackupPlace,
  request: BackupRequest,
): Promise<{ captured: CapturedReplica; files: readonly ManifestFile[] }> {
  const { storage, folder, key, signal } = place;
  const { content, targetSchema, patienceMs, hooks } = request;
  const isPlain = content === 'duckdb' && key === null;
  const local = isPlain ? await storage.localFile(`${folder}/${REPLICA_FILE}`) : null;
  const copy = local ?? workFile(database.path, 'backup');
  try {
    const captured = await captureReplica(database, {
      destination: copy,
      targetSchema,
      patienceMs,
      signal,
    });
    await hooks?.afterCopy?.();
    if (content === 'parquet') {
      return { captured, files: await storeParquet(place, copy, captured, request.partitionBy) };
    }
    const file =
      local === null
        ? await storeFile(place, REPLICA_FILE, copy)
        : await describeFile(REPLICA_FILE, local, signal);
    return { captured, files: [file] };
  } finally {
    if (local === null) await rm(copy, { force: true });
  }
}

/** What the replica's backups are called after: chosen once, and kept in it. */
async function knownId(database: Database): Promise<string> {
  const known = await readSetting(database, 'replica_id');
  if (known !== null) return known;
  const chosen = randomBytes(4).toString('hex');
  await database.transaction(() => recordSetting(database, 'replica_id', chosen));
  return chosen;
}

async function removeUnfinished(
  storage: BackupStorage,
  replicaId: string,
  signal: AbortSignal,
): Promise<string[]> {
  await storage.removeParts(nameStart(replicaId), signal);
  const left = findBackups(await storage.list(signal)).filter(
    (backup) => backup.replicaId === replicaId && !backup.isWhole,
  );
  for (const { name } of left) await storage.remove(name, MANIFESTS, signal);
  return left.map(({ name }) => name);
}

async function removeIfUnfinished(
  storage: BackupStorage,
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  const backups = findBackups(await storage.list(signal));
  const isWhole = backups.some(({ name, isWhole }) => name === folder && isWhole);
  if (isWhole) return;
  await storage.remove(folder, MANIFESTS, signal);
  await storage.removeParts(folder, signal);
}

async function removeExpired(
  storage: BackupStorage,
  replicaId: string,
  { retention, signal }: Pick<BackupRequest, 'retention' | 'signal'>,
): Promise<string[]> {
  const backups = findBackups(await storage.list(signal)).filter(
    (backup) => backup.replicaId === replicaId,
  );
  const old = expired(backups, retention, Date.now());
  for (const { name } of old) await storage.remove(name, MANIFESTS, signal);
  return old.map(({ name }) => name);
}
