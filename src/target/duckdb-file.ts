import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { hasCode } from '../common/errors.js';
import { orWithMemory, translateTargetError } from './errors.js';

export interface DatabaseOptions {
  readonly path: string;
  /** DuckDB's notation, such as `256MB`. */
  readonly memoryLimit: string;
  /** null: one per core. */
  readonly threads: number | null;
  /** What this process is, for the message that another one gets: `ducktail sync`. */
  readonly owner: string;
}

/** A file that is open for writing, as its instance has it. */
export interface OpenedFile {
  readonly instance: DuckDBInstance;
  readonly writer: DuckDBConnection;
  readonly catalog: string;
  readonly threads: number;
  readonly compressesFsst: boolean;
  /** Without the `+` that DuckDB puts behind a range of versions. */
  readonly storageVersion: string;
  /** As DuckDB prints it. */
  readonly memoryLimit: string;
}

/**
 * New files get this version, so that files don't depend on the DuckDB that made them. Later ones
 * compress strings by DICT_FSST alone: 40,000 texts of 8 KB took it 16.5 instead of 2.1 s, 2 million
 * rows of short ones 1.6 instead of 1.3 s of CPU (with `chooseFsstColumns`), for larger files.
 */
const STORAGE_VERSION = 'v1.2.0';

const OPEN_ATTEMPTS = 40;
const OPEN_DELAY_MS = 250;

/** Once per file and process, behind its lock: see `Database`. */
export async function openFile(options: DatabaseOptions): Promise<OpenedFile> {
  const instance = await createInstance(options);
  const writer = await instance.connect();
  // Texts of TIMESTAMPTZ values must not depend on where this runs.
  await writer.run(`SET GLOBAL TimeZone = 'UTC'`);
  const reader = await writer.runAndReadAll(
    `SELECT database_name, current_setting('threads'), tags['storage_version'],
            current_setting('memory_limit')
       FROM duckdb_databases() WHERE database_name = current_database()`,
  );
  const [[catalog, threads, storage, memoryLimit]] = reader.getRowsJson() as string[][];
  return {
    instance,
    writer,
    catalog,
    threads: Number(threads),
    compressesFsst: /^v1\.[0-2]\./.test(storage),
    storageVersion: storage.replace(/\+$/, ''),
    memoryLimit,
  };
}

/** The same of a file that was open a moment ago, and that somebody may have opened to look at. */
export async function openAgain(options: DatabaseOptions): Promise<OpenedFile> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await openFile(options);
    } catch (error) {
      const failure = translateTargetError(error, options.path);
      const isBusy = hasCode(failure, 'target-busy');
      if (!isBusy || attempt === OPEN_ATTEMPTS) throw failure;
      await delay(OPEN_DELAY_MS);
    }
  }
}

/** Whether DuckDB's own lock can be had, which ends with the process that holds it. */
export async function isFree(options: DatabaseOptions): Promise<boolean> {
  if (!existsSync(options.path)) return true;
  try {
    (await createInstance(options)).closeSync();
    return true;
  } catch (error) {
    const failure = translateTargetError(error, options.path);
    if (hasCode(failure, 'target-busy')) return false;
    throw failure;
  }
}

/**
 * Opening replays what a crash left in the log. For changes of many tables that takes several times
 * what making them took, for which the limit may have been raised: then it is done with DuckDB's own.
 */
function createInstance(options: DatabaseOptions): Promise<DuckDBInstance> {
  const { path, memoryLimit } = options;
  const settings = instanceSettings(options);
  const open = (): Promise<DuckDBInstance> =>
    DuckDBInstance.create(path, { ...settings, memory_limit: memoryLimit });
  return orWithMemory(path, open, async () => {
    // Closing moves the log into the file.
    (await DuckDBInstance.create(path, settings)).closeSync();
    return open();
  });
}

function instanceSettings(options: DatabaseOptions): Record<string, string> {
  return {
    storage_compatibility_version: STORAGE_VERSION,
    // A row group is written when it is full: five of them waiting in each lane took 65 MB more.
    write_buffer_row_group_count: '1',
    ...(options.threads === null ? {} : { threads: String(options.threads) }),
  };
}
