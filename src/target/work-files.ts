import { randomUUID } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const KINDS = ['backup', 'compact', 'restore', 'health'] as const;

/** A file beside the replica that is gone when its work is done, of a name of its own. */
export function workFile(path: string, kind: (typeof KINDS)[number]): string {
  return `${path}.${kind}-${randomUUID()}`;
}

const WORK = new RegExp(
  `^\\.(?:${KINDS.join('|')})-[0-9a-f-]{36}(?:\\.wal|\\.tmp|\\.lock|\\.parquet)?$`,
);

/** For the holder of the replica's lock: removes what a crash left. Resolves to how many there were. */
export async function removeWorkFiles(path: string): Promise<number> {
  const name = basename(path);
  const entries = await readdir(dirname(path)).catch(() => []);
  const left = entries.filter(
    (entry) => entry.startsWith(name) && WORK.test(entry.slice(name.length)),
  );
  for (const entry of left) await rm(join(dirname(path), entry), { recursive: true, force: true });
  return left.length;
}
