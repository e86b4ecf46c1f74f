import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { BackupStorage, StoredFolder } from './backup-storage.js';
import { storageError } from './storage-error.js';

/** Backups in a folder of this machine, or of what is mounted there. */
export class FolderStorage implements BackupStorage {
  readonly place: string;

  constructor(folder: string) {
    this.place = resolve(folder);
  }

  list(): Promise<StoredFolder[]> {
    return this.guard(async () => {
      const entries = await readdir(this.place, { withFileTypes: true }).catch(none);
      const folders = entries.filter((entry) => entry.isDirectory());
      return Promise.all(
        folders.map(async ({ name }) => ({
          name,
          // One that goes away meanwhile has none.
          files: await readdir(join(this.place, name)).catch(none),
        })),
      );
    });
  }

  write(path: string, content: AsyncIterable<Buffer>, signal: AbortSignal): Promise<number> {
    return this.guard(async () => {
      const file = join(this.place, path);
      const part = `${file}.part`;
      await mkdir(dirname(file), { recursive: true });
      try {
        // Whoever reads it reads all of the replica's data.
        const sink = createWriteStream(part, { flags: 'wx', mode: 0o600, flush: true });
        await pipeline(content, sink, { signal });
        await rename(part, file);
      } catch (error) {
        await rm(part, { force: true });
        signal.throwIfAborted();
        throw error;
      }
      await this.syncFolders(file);
      return (await stat(file)).size;
    });
  }

  read(path: string): Promise<Readable | null> {
    return this.guard(async () => {
      const file = join(this.place, path);
      const found = await stat(file).catch((error: unknown) => {
        if (isMissing(error)) return null;
        throw error;
      });
      return found?.isFile() === true ? createReadStream(file) : null;
    });
  }

  remove(folder: string, first: readonly string[]): Promise<void> {
    return this.guard(async () => {
      const path = join(this.place, folder);
      for (const name of first) await rm(join(path, name), { force: true });
      await rm(path, { recursive: true, force: true });
    });
  }

  removeParts(): Promise<void> {
    // They are listed as what they are.
    return Promise.resolve();
  }

  localFile(path: string): Promise<string> {
    return this.guard(async () => {
      const file = join(this.place, path);
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      return file;
    });
  }

  [Symbol.dispose](): void {
    // Nothing is held between calls.
  }

  /** What names the file is kept for good as well. */
  private async syncFolders(file: string): Promise<void> {
    if (process.platform === 'win32') return;
    for (const folder of [dirname(file), this.place]) {
      const handle = await open(folder, 'r');
      // Some mounts can't; then they do so in their own time.
      await handle.sync().catch(() => undefined);
      await handle.close();
    }
  }

  private async guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw (error as Error).name === 'AbortError' ? error : storageError(this.place, error);
    }
  }
}

function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
}

function none(error: unknown): never[] {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
  throw error;
}
