import { isBackupPlace } from '../common/backup-place.js';
import { DucktailError } from '../common/errors.js';
import type { BackupStorage } from './backup-storage.js';
import { FolderStorage } from './folder-storage.js';
import type { S3Options } from './s3-options.js';

/** The storage that a folder's path, or `s3://bucket/path`, names. */
export async function openStorage(location: string, s3: S3Options): Promise<BackupStorage> {
  if (!isBackupPlace(location)) throw unknownPlace(location);
  if (!location.startsWith('s3://')) return new FolderStorage(location);
  const [bucket, ...path] = location.slice('s3://'.length).split('/');
  if (bucket === '') {
    throw new DucktailError('configuration', `'${location}' names no bucket`, {
      hint: 'Write s3://bucket or s3://bucket/path.',
    });
  }
  // Loaded only where it is used: it is larger than all of the rest.
  const { S3Storage } = await import('./s3-storage.js');
  return new S3Storage(bucket, path.filter((part) => part !== '').join('/'), s3);
}

function unknownPlace(location: string): DucktailError {
  return new DucktailError(
    'configuration',
    `'${location}' is neither a folder nor s3://bucket/path`,
    { hint: 'Backups go to a folder, or to what speaks like S3 (S3_ENDPOINT).' },
  );
}

/** A location's parent and last part: the place of a backup, and its name there. */
export function splitLocation(location: string): { parent: string; name: string } {
  const trimmed = location.replace(/\/+$/, '');
  const at = trimmed.lastIndexOf('/');
  if (at < 0) return { parent: '.', name: trimmed };
  return { parent: trimmed.slice(0, at) || '/', name: trimmed.slice(at + 1) };
}
