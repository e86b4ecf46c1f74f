import { stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import type { Database } from './database.js';
import { LiveReader } from './live-reader.js';

/** What an open replica takes of the machine, in bytes. */
export interface Usage {
  readonly fileBytes: number;
  readonly walBytes: number;
  /** On the disk of the file, for this user. */
  readonly freeBytes: number;
  readonly duckdbMemoryBytes: number;
  /** For how long the oldest reader beside the writer has been open; 0: there is none. */
  readonly oldestReaderSeconds: number;
}

export async function readUsage(database: Database): Promise<Usage> {
  // Before this one comes to be a reader itself.
  const { oldestReaderSeconds } = database;
  const { bavail, bsize } = await statfs(path.dirname(path.resolve(database.path)));
  const [{ bytes }] = await LiveReader.use(database, new AbortController().signal, (reader) =>
    reader.rows(
      'SELECT coalesce(sum(memory_usage_bytes), 0)::BIGINT AS bytes FROM duckdb_memory()',
    ),
  );
  return {
    fileBytes: await fileBytes(database.path),
    walBytes: await fileBytes(`${database.path}.wal`),
    freeBytes: bavail * bsize,
    duckdbMemoryBytes: Number(bytes),
    oldestReaderSeconds,
  };
}

/** 0 where there is no such file. */
export async function fileBytes(file: string): Promise<number> {
  return (await stat(file).catch(() => null))?.size ?? 0;
}
