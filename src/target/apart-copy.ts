import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, constants, open } from 'node:fs/promises';
import { DucktailError } from '../common/errors.js';
import { translateTargetError } from './errors.js';

/**
 * Copies a file that this process has open in DuckDB: as a reflink where the file system can. By a
 * process of its own, because a process gives up DuckDB's lock on a file (a POSIX record lock) as soon
 * as it closes any descriptor on it. The copy is on the disk when it resolves.
 */
export async function copyApart(from: string, to: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (process.platform === 'win32') await copyFile(from, to, constants.COPYFILE_EXCL);
  else await firstThatWorks(copyCommands(from, to), to, signal);
  await syncFile(to);
}

/** Resolves when what was written to the file, or into the folder, would survive a loss of power. */
export async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } catch (error) {
    // Some file systems can't do so for folders.
    if (!['EINVAL', 'ENOTSUP', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) {
      throw translateTargetError(error, path);
    }
  } finally {
    await file.close();
  }
}

/** With a reflink, and plain where the system's `cp` has no such option. */
function copyCommands(from: string, to: string): string[][] {
  const plain = ['cp', '--', from, to];
  if (process.platform === 'linux') return [['cp', '--reflink=auto', '--', from, to], plain];
  if (process.platform === 'darwin') return [['cp', '-c', '--', from, to], plain];
  return [plain];
}

async function firstThatWorks(
  commands: readonly string[][],
  to: string,
  signal: AbortSignal,
): Promise<void> {
  const failures: string[] = [];
  for (const command of commands) {
    const failure = await runCopy(command, signal);
    signal.throwIfAborted();
    if (failure === null) return;
    failures.push(failure);
    if (/No space left|Disk quota|File too large/i.test(failure)) break;
  }
  const message = failures.at(-1) ?? '';
  const translated = translateTargetError(new Error(message), to);
  if (translated instanceof DucktailError) throw translated;
  throw new DucktailError('target-failed', `the replica can't be copied to ${to}: ${message}`, {
    hint: 'The folder has to exist, and the service has to be allowed to write to it.',
  });
}

/** Null when it worked, else what it said. */
async function runCopy(command: readonly string[], signal: AbortSignal): Promise<string | null> {
  // Its messages are told apart by their words.
  const child = spawn('env', ['LC_ALL=C', ...command], { stdio: ['ignore', 'ignore', 'pipe'] });
  const kill = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', kill, { once: true });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    return code === 0 ? null : said.trim() || `cp ended with ${code ?? 'a signal'}`;
  } catch (error) {
    return (error as Error).message;
  } finally {
    signal.removeEventListener('abort', kill);
  }
}
