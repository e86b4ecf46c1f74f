import { existsSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const LOCK_STALE_MS = 30_000;
const LOCK_TOUCH_MS = 5_000;
const LOCK_POLL_MS = 200;
/** Much longer than filling a folder takes. */
const LEFTOVER_MS = 3_600_000;

/** The folder of unpacked servers: below the project's cache, outside version control. */
export function serverCacheFolder(): string {
  // This file runs as dist/test/servers/cached-folder.js.
  const projectRoot = fileURLToPath(new URL('../../../', import.meta.url));
  return path.join(
    path.resolve(process.env.DUCKTAIL_CACHE_DIR || path.join(projectRoot, '.cache')),
    'servers',
  );
}

/**
 * Makes sure that `folder` exists, filled by `fill`, and returns it. Other processes see it
 * complete or not at all: it is filled under another name and renamed. The lock only spares two
 * processes the same work; should both hold it after all, the later rename loses and is dropped.
 */
export async function cachedFolder(
  folder: string,
  fill: (temporary: string) => Promise<void>,
): Promise<string> {
  if (existsSync(folder)) return folder;
  await mkdir(path.dirname(folder), { recursive: true });
  const release = await acquireLock(`${folder}.lock`);
  const temporary = `${folder}.${process.pid}.part`;
  try {
    if (existsSync(folder)) return folder;
    await removeLeftovers(folder);
    await rm(temporary, { recursive: true, force: true });
    await mkdir(temporary);
    await fill(temporary);
    await rename(temporary, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error;
    });
    return folder;
  } finally {
    await rm(temporary, { recursive: true, force: true });
    await release();
  }
}

/** What processes killed while they filled the folder have left behind. */
async function removeLeftovers(folder: string): Promise<void> {
  const parent = path.dirname(folder);
  for (const name of await readdir(parent)) {
    if (!name.startsWith(`${path.basename(folder)}.`) || !name.includes('.part')) continue;
    const file = path.join(parent, name);
    const { birthtimeMs } = await stat(file);
    if (Date.now() - birthtimeMs > LEFTOVER_MS) await rm(file, { recursive: true, force: true });
  }
}

/** The holder touches the file while it lives, so a lock left by a killed process grows stale. */
async function acquireLock(file: string): Promise<() => Promise<void>> {
  for (;;) {
    try {
      await (await open(file, 'wx')).close();
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const touched = await stat(file).catch(() => undefined);
    if (touched && Date.now() - touched.mtimeMs > LOCK_STALE_MS) await rm(file, { force: true });
    else await delay(LOCK_POLL_MS);
  }
  const touching = setInterval(() => {
    const now = new Date();
    utimes(file, now, now).catch(() => undefined);
  }, LOCK_TOUCH_MS);
  touching.unref();
  return async () => {
    clearInterval(touching);
    await rm(file, { force: true });
  };
}
