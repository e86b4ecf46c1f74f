import { DucktailError, errorMessage } from '../common/errors.js';

/** What stands in the way of a backup's place, by the code that Node or S3 gives it. */
export function storageError(place: string, error: unknown): Error {
  if (error instanceof DucktailError) return error;
  const { name, code } = error as NodeJS.ErrnoException;
  const reason = code ?? name;
  const hint = hintFor(reason);
  const message =
    reason === 'ENOSPC' || reason === 'EDQUOT'
      ? `the disk under ${place} is full`
      : `${place} can't be used: ${errorMessage(error) || reason}`;
  return new DucktailError('storage-failed', message, { cause: error, hint });
}

function hintFor(reason: string): string {
  switch (reason) {
    case 'ENOSPC':
    case 'EDQUOT':
      return 'Free some space, or keep fewer backups (BACKUP_KEEP); the replica is untouched.';
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'The user that Ducktail runs as has to be allowed to write there (systemd: ReadWritePaths).';
    case 'NoSuchBucket':
      return 'Make the bucket first: Ducktail makes none.';
    case 'InvalidAccessKeyId':
    case 'SignatureDoesNotMatch':
    case 'AccessDenied':
    case 'CredentialsProviderError':
      return 'Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY (a running service has its own) and what that account may do.';
    default:
      return 'Check the place (BACKUP_TARGET, S3_ENDPOINT) and what it answers; the replica is untouched.';
  }
}
