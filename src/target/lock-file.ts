import { constants, readFileSync } from 'node:fs';
import { copyFile, link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { randomUUID } from 'node:crypto';
import { DucktailError } from '../common/errors.js';
import { diskFull } from './errors.js';

/** Who has a DuckDB file open; the content of `<file>.lock`. */
export interface LockHolder {
  readonly pid: number;
  readonly host: string;
  /** Such as `ducktail sync`. */
  readonly owner: string;
  readonly since: string;
  /** The process's start as the kernel tells it, so that a reused pid is not taken for the holder. */
  readonly processStart: string | null;
}

export interface FileLock {
  release(): Promise<void>;
}

/** Of links that a file system does not have (exFAT, some network and container mounts). */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

/**
 * Takes `<path>.lock` or throws `target-busy` naming the holder. A lock whose process is gone is
 * taken over. Of a process on another host (or in another container) nothing can be seen from here:
 * then `isFree` is asked, whether DuckDB's own lock on the file is free. That one stands behind
 * this lock in any case, but can't say who holds it.
 */
export async function acquireLock(
  path: string,
  owner: string,
  isFree: () => Promise<boolean> = () => Promise.resolve(false),
): Promise<FileLock> {
  const lockPath = lockPathOf(path);
  const mine: LockHolder = {
    pid: process.pid,
    host: hostname(),
    owner,
    since: new Date().toISOString(),
    processStart: processStart(process.pid),
  };
  const draft = `${lockPath}.${randomUUID()}`;
  try {
    await writeDraft(draft, path, JSON.stringify(mine));
    while (!(await tryLink(draft, lockPath))) {
      const found = await readLock(lockPath);
      if (found === null) continue;
      const { holder } = found;
      if (holder !== null && (isHere(holder) || !(await isFree()))) throw busy(path, holder);
      await removeStale(lockPath, found.text);
    }
  } finally {
    await rm(draft, { force: true });
  }
  return { release: () => rm(lockPath, { force: true }) };
}

/** The living process that has the file, or null; a lock left by a dead one counts as none. */
export async function readLockHolder(path: string): Promise<LockHolder | null> {
  return (await readLock(lockPathOf(path)))?.holder ?? null;
}

/** A lock file's text, and the living process that it names; null without a lock file. */
async function readLock(
  lockPath: string,
): Promise<{ text: string; holder: LockHolder | null } | null> {
  let text: string;
  try {
    text = await readFile(lockPath, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  return { text, holder: parseHolder(text) };
}

function parseHolder(text: string): LockHolder | null {
  try {
    const holder = JSON.parse(text) as LockHolder;
    return isAlive(holder) ? holder : null;
  } catch {
    // Damaged: a lock is put in place with its content in one step.
    return null;
  }
}

/** Throws `target-busy` where a living process of this host has the file. */
export async function refuseIfHeld(path: string): Promise<void> {
  const holder = await readLockHolder(path);
  if (holder !== null && isHere(holder)) throw busy(path, holder);
}

/** Whether its process could be seen from here. */
export function isHere(holder: LockHolder): boolean {
  return holder.host === hostname();
}

export function busy(path: string, holder: LockHolder): DucktailError {
  const where = isHere(holder) ? '' : ` on ${holder.host}`;
  return new DucktailError(
    'target-busy',
    `${path} is in use by '${holder.owner}' (pid ${holder.pid}${where}, since ${holder.since})`,
    {
      hint: 'Only one process can have a DuckDB file: stop that one, or wait for it.',
    },
  );
}

function lockPathOf(path: string): string {
  return `${path}.lock`;
}

async function writeDraft(draft: string, path: string, text: string): Promise<void> {
  try {
    await writeFile(draft, text, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT') throw diskFull(path, error);
    throw new DucktailError('target-failed', `can't write beside ${path} (${code})`, {
      cause: error,
      hint: 'DUCKDB_PATH has to lie in an existing folder that you may write to.',
    });
  }
}

/** Creates the lock with its content in one step; false if there is one. */
async function tryLink(draft: string, lockPath: string): Promise<boolean> {
  try {
    await link(draft, lockPath);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code === 'EEXIST') return false;
    if (!NO_LINKS.includes(code)) throw error;
    return copyExclusively(draft, lockPath);
  }
}

/** Where there are no links: two steps, between which the lock reads as damaged. */
async function copyExclusively(draft: string, lockPath: string): Promise<boolean> {
  try {
    await copyFile(draft, lockPath, constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Moved away first, and put back if it is no longer the stale one: another process may have taken
 * the lock over between our look and our move.
 */
async function removeStale(lockPath: string, staleText: string): Promise<void> {
  const aside = `${lockPath}.${randomUUID()}`;
  try {
    await rename(lockPath, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if ((await readFile(aside, 'utf8')) !== staleText) await tryLink(aside, lockPath);
  await rm(aside, { force: true });
}

function isAlive(holder: LockHolder): boolean {
  if (!isHere(holder)) return true;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return holder.processStart === null || processStart(holder.pid) === holder.processStart;
}

/** Linux: the start time in clock ticks, field 22 of /proc/PID/stat; elsewhere null. */
function processStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}
