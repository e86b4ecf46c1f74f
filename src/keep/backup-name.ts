import type { StoredFolder } from '../storage/backup-storage.js';
import { type BackupContent, MANIFEST, SEALED } from './manifest.js';

/** A backup's folder: `ducktail-<replica>-<time>`, with `-parquet` behind it where it is that. */
export function backupName(replicaId: string, timeMs: number, content: BackupContent): string {
  const time = new Date(timeMs).toISOString().replaceAll(/[-:.]/g, '');
  return `${nameStart(replicaId)}${time}${content === 'parquet' ? '-parquet' : ''}`;
}

/** Of all of a replica's backups. */
export function nameStart(replicaId: string): string {
  return `ducktail-${replicaId}-`;
}

export interface NamedBackup {
  readonly name: string;
  readonly replicaId: string;
  readonly timeMs: number;
  readonly content: BackupContent;
  /** Whether its manifest is there, which is written last and removed first. */
  readonly isWhole: boolean;
}

const NAME = /^ducktail-([0-9a-f]+)-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z(-parquet)?$/;

/** The backups among the folders, the newest first. */
export function findBackups(folders: readonly StoredFolder[]): NamedBackup[] {
  const found = folders.flatMap(({ name, files }) => {
    const parts = NAME.exec(name);
    if (parts === null) return [];
    const [, replicaId, year, month, day, hour, minute, second, milliseconds, parquet] = parts;
    const timeMs = Date.parse(
      `${year}-${month}-${day}T${hour}:${minute}:${second}.${milliseconds}Z`,
    );
    const content: BackupContent = parquet === undefined ? 'duckdb' : 'parquet';
    const isWhole = files.includes(MANIFEST) || files.includes(MANIFEST + SEALED);
    return [{ name, replicaId, timeMs, content, isWhole }];
  });
  return found.sort((one, other) => other.timeMs - one.timeMs);
}

export interface Retention {
  /** How many are kept of each kind. */
  readonly count: number;
  /** null: however old. */
  readonly days: number | null;
}

const DAY_MS = 86_400_000;

/** Of one replica's whole backups those that need not be kept; never the newest of a kind. */
export function expired(
  backups: readonly NamedBackup[],
  { count, days }: Retention,
  nowMs: number,
): NamedBackup[] {
  return (['duckdb', 'parquet'] as const).flatMap((content) => {
    const [, ...older] = backups.filter((backup) => backup.isWhole && backup.content === content);
    const tooOld = ({ timeMs }: NamedBackup): boolean =>
      days !== null && nowMs - timeMs > days * DAY_MS;
    // The newest one is the first of those that are kept.
    return older.filter((backup, at) => at + 1 >= count || tooOld(backup));
  });
}
