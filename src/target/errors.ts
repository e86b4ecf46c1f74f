import { DucktailError, errorMessage, hasCode, toError } from '../common/errors.js';

/** Gives an error of DuckDB its class, by the words of its message: it has no codes. */
export function translateTargetError(error: unknown, path: string): Error {
  if (error instanceof DucktailError) return error;
  const message = errorMessage(error);
  const details = { cause: error };
  // Whatever it was that made DuckDB give up: another attempt of this process can't do better.
  if (/database has been invalidated/i.test(message)) {
    return new DucktailError('target-failed', `DuckDB at ${path}: ${firstLine(message)}`, {
      ...details,
      hint: 'DuckDB has given the open file up. Start again: what was committed is there.',
    });
  }
  if (/No space left|disk is full|ENOSPC|Disk quota|max_temp_directory_size/i.test(message)) {
    return diskFull(path, error);
  }
  if (/File too large|EFBIG/i.test(message)) {
    return new DucktailError('target-full', `${path} has reached the largest size it may have`, {
      ...details,
      hint:
        'Raise the limit of the process (ulimit -f), or take a file system for larger files, and ' +
        'start again: what was there before is untouched.',
    });
  }
  const holder = /Conflicting lock is held in (.+?)\.? See also/s.exec(message);
  if (holder !== null) {
    return new DucktailError('target-busy', `${path} is in use by ${holder[1]}`, {
      ...details,
      hint: 'DuckDB lets one process have the file: stop that one, or wait for it.',
    });
  }
  // Transactions are rolled back where something fails in them, unless there is no memory for that.
  const tooLittle =
    /Out of Memory|Current transaction is aborted|(failed to|could not) (pin|allocate)/i;
  if (tooLittle.test(message)) {
    return new DucktailError('target-memory', `DuckDB is out of memory: ${firstLine(message)}`, {
      ...details,
      hint: 'Raise DUCKDB_MEMORY_LIMIT.',
    });
  }
  if (/IO Error|Corrupt|not a valid DuckDB database|INTERNAL Error|FATAL/i.test(message)) {
    return new DucktailError('target-failed', `DuckDB at ${path}: ${firstLine(message)}`, {
      ...details,
      hint: 'Check that DUCKDB_PATH names a DuckDB file (or a new one) in a folder you may write to.',
    });
  }
  return toError(error);
}

/** Does `otherwise` where `work` lacked memory. */
export async function orWithMemory<T>(
  path: string,
  work: () => Promise<T>,
  otherwise: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!hasCode(translateTargetError(error, path), 'target-memory')) throw error;
    return otherwise();
  }
}

export function diskFull(path: string, cause: unknown): DucktailError {
  return new DucktailError('target-full', `the disk under ${path} is full`, {
    cause,
    hint: 'Free some space and start again: what was there before is untouched.',
  });
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0];
}
