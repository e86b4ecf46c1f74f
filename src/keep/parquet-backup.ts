import { mkdir, rm } from 'node:fs/promises';
import { matchesGlob } from '../model/table-filter.js';
import type { WatermarkRule } from '../model/watermark-rule.js';
import { countExported, exportTable, requireRows } from '../target/parquet-export.js';
import { ReadOnlyReplica } from '../target/read-only.js';
import { type BackupPlace, localPath, storeFile } from './backup-files.js';
import type { CapturedReplica } from './captured-replica.js';
import type { ManifestFile } from './manifest.js';

/** Rows are written as they are read: what is gathered of them is a row group of each open file. */
const SETTINGS = { memory_limit: '512MB', threads: '1', preserve_insertion_order: 'false' };

/** Writes the user's tables of a copy of the replica as Parquet, one after the other, each counted. */
export async function storeParquet(
  place: BackupPlace,
  copy: string,
  { tables }: CapturedReplica,
  partitionBy: readonly WatermarkRule[],
): Promise<ManifestFile[]> {
  const folder = `${copy}.parquet`;
  await mkdir(folder, { mode: 0o700 });
  try {
    using replica = await ReadOnlyReplica.open(copy, SETTINGS);
    using _interruption = replica.interruptOnAbort(place.signal);
    const stored: ManifestFile[] = [];
    for (const table of tables.filter(({ schema }) => schema !== '_ducktail')) {
      place.signal.throwIfAborted();
      const rules = partitionBy.filter(({ tables: glob }) => matchesGlob(glob, table.name));
      const partitions = rules.map(({ tables: glob, column }) => ({
        column,
        isRequired: glob === table.name,
      }));
      const files = await exportTable(replica, { ...table, partitions }, folder);
      requireRows(table, await countExported(replica, files, folder));
      for (const name of files) {
        stored.push(await storeFile(place, name, localPath(folder, name)));
        await rm(localPath(folder, name));
      }
    }
    return stored;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
