import { readFileSync } from 'node:fs';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
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

/**
 * Takes `<path>.lock` or throws `target-busy` naming the holder. A lock whose process is gone is
 * taken over. DuckDB's own lock stands behind this one, but can't say who holds it.
 */
export async function acquireLock(path: string, owner: string): Promise<FileLock> {
  const lockPath = lockPathOf(path);
  const mine: LockHolder = {
    pid: process.pid,
    host: hostname(),
    owner,
    since: new Date().toISOString(),
    processStart: processStart(process.pid),
  };
  const draft = `${lockPath}.${randomUUID()}`;
  await writeDraft(draft, path, JSON.stringify(mine));
  try {
    while (!(await tryLink(draft, lockPath))) {
      const holder = await readLockHolder(path);
      if (holder !== null) throw busy(path, holder);
      await removeStale(lockPath);
    }
  } finally {
    await rm(draft, { force: true });
  }
  return { release: () => rm(lockPath, { force: true }) };
}

/** The living process that has the file, or null; a lock left by a dead one counts as none. */
export function readLockHolder(path: string): Promise<LockHolder | null> {
  return readHolder(lockPathOf(path));
}

async function readHolder(lockPath: string): Promise<LockHolder | null> {
  try {
    const holder = JSON.parse(await readFile(lockPath, 'utf8')) as LockHolder;
    return isAlive(holder) ? holder : null;
  } catch {
    // Gone, or damaged: a lock is put in place with its content in one step.
    return null;
  }
}

export function busy(path: string, holder: LockHolder): DucktailError {
  const isHere = holder.host === hostname();
  const where = isHere ? '' : ` on ${holder.host}`;
  return new DucktailError(
    'target-busy',
    `${path} is in use by '${holder.owner}' (pid ${holder.pid}${where}, since ${holder.since})`,
    {
      hint:
        'Only one process can have a DuckDB file: stop that one, or wait for it.' +
        (isHere ? '' : ` If that machine is gone for good, remove ${lockPathOf(path)}.`),
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
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Moved away first, and put back if it is no longer the stale one: another process may have taken
 * the lock over between our look and our move.
 */
async function removeStale(lockPath: string): Promise<void> {
  const aside = `${lockPath}.${randomUUID()}`;
  try {
    await rename(lockPath, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if ((await readHolder(aside)) !== null) await tryLink(aside, lockPath);
  await rm(aside, { force: true });
}

function isAlive(holder: LockHolder): boolean {
  if (holder.host !== hostname()) return true;
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
