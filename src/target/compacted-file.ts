import { chmod, chown, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DucktailError } from '../common/errors.js';
import { quoteDuckdbName, quoteDuckdbText } from '../common/identifiers.js';
import { syncFile } from './apart-copy.js';
import { moveLogIntoFile } from './consistent-copy.js';
import { copyDatabase, definitionDifferences } from './database-copy.js';
import type { Database } from './database.js';
import { interruptOnAbort } from './interruption.js';
import { untilNotHeldUp } from './maintenance.js';
import { countDifferences, countTables } from './table-counts.js';
import { fileBytes } from './usage.js';

/** What the new file is called while it is made. */
const ALIAS = '__ducktail_compacted';

export interface CompactRequest {
  /** How long queries that are running may hold up the exchange of the files. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
  readonly beforeSwap?: (() => Promise<void>) | undefined;
  readonly afterSwap?: (() => Promise<void>) | undefined;
}

export interface CompactedFile {
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

/**
 * Writes all that is in the file into a new one, and puts that in its place: for whoever has kept
 * everybody else from writing. At any instant there is one whole file of the replica's name, without
 * a log: what is in it is the same before the exchange and after it.
 */
export function compactFile(database: Database, request: CompactRequest): Promise<CompactedFile> {
  const { path } = database;
  return database.copying.run(request.signal, async () => {
    // What they commit meanwhile would be in the old file alone.
    using _gate = await database.clientWriters.close(
      request.patienceMs,
      `clients are still writing to ${path}`,
      request.signal,
    );
    return await database.withWriter(async () => {
      const compacted = database.compactedPath;
      try {
        await untilNotHeldUp(() => moveLogIntoFile(database), request.patienceMs, request.signal);
        const bytesBefore = (await stat(path)).size;
        await writeCompacted(database, compacted, request.signal);
        const bytesAfter = (await stat(compacted)).size;
        await keepAccess(path, compacted);
        await syncFile(compacted);
        await request.beforeSwap?.();
        request.signal.throwIfAborted();
        const replace = async (): Promise<void> => {
          await exchange(compacted, path);
          await request.afterSwap?.();
        };
        const prepare = (): Promise<void> => requireNoLog(path);
        await database.reopen({ prepare, replace }, request.patienceMs, request.signal);
        return { bytesBefore, bytesAfter };
      } finally {
        for (const left of [compacted, `${compacted}.wal`]) await rm(left, { force: true });
      }
    });
  });
}

async function writeCompacted(
  database: Database,
  compacted: string,
  signal: AbortSignal,
): Promise<void> {
  using _interruption = interruptOnAbort(database, signal);
  await database.run(
    `ATTACH ${quoteDuckdbText(compacted)} AS ${ALIAS}
       (STORAGE_VERSION ${quoteDuckdbText(database.storageVersion)})`,
  );
  try {
    await copyDatabase(database, ALIAS);
    await database.run(`CHECKPOINT ${ALIAS}`);
    const [expected, found] = [await counts(database, null), await counts(database, ALIAS)];
    const [difference] = [
      ...countDifferences(expected, found),
      ...(await definitionDifferences(database, ALIAS)),
    ];
    if (difference !== undefined) {
      throw new DucktailError('target-failed', `the compacted file was given up: ${difference}`, {
        hint: 'The replica is untouched. Please report it.',
      });
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    await database.run(`DETACH ${ALIAS}`).catch(() => undefined);
  }
}

async function counts(database: Database, alias: string | null): ReturnType<typeof countTables> {
  if (alias === null) return countTables((sql) => database.rows(sql));
  await database.run(`USE ${alias}`);
  try {
    return await countTables((sql) => database.rows(sql));
  } finally {
    await database.run(`USE ${quoteDuckdbName(database.catalog)}`);
  }
}

/** Whoever could read or write the file can do so still. */
async function keepAccess(path: string, compacted: string): Promise<void> {
  const { mode, uid, gid } = await stat(path);
  await chmod(compacted, mode & 0o7777);
  // Only root can give a file away; where nobody else's it is, nothing has to be.
  await chown(compacted, uid, gid).catch(() => undefined);
}

/** A log that stayed would be taken for the new file's. */
async function exchange(compacted: string, path: string): Promise<void> {
  for (const file of [path, compacted]) {
    await requireNoLog(file);
    await rm(`${file}.wal`, { force: true });
  }
  await rename(compacted, path);
  await syncFile(dirname(path));
}

/** In it would be what was written since the checkpoint; DuckDB moves it into the file when it closes it. */
async function requireNoLog(file: string): Promise<void> {
  const left = await fileBytes(`${file}.wal`);
  if (left === 0) return;
  throw new DucktailError('target-failed', `${file}.wal still has ${left} bytes`, {
    hint: 'The replica is as it was, and is compacted another time.',
  });
}
