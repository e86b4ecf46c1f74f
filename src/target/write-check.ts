import { open, rm } from 'node:fs/promises';
import type { Database } from './database.js';
import { workFile } from './work-files.js';

/** DuckDB's block; a few bytes may find room on a disk that is full. */
const PROBE = Buffer.alloc(256 * 1024, 1);

/**
 * Writes and takes it back, so that no writer has to be waited for and nothing is left to clean up:
 * in a transaction of DuckDB's, which shows whether the instance still takes changes, and beside the
 * file, which shows whether its disk does.
 */
export async function checkWriting(database: Database): Promise<void> {
  const { connection, close } = await database.connectReader();
  try {
    const check = async (): Promise<void> => {
      await connection.run('BEGIN TRANSACTION');
      await connection.run('CREATE TABLE __staging_health AS SELECT 1 AS n');
      await connection.run('ROLLBACK');
    };
    await database.guard(() => database.critical.end(check));
  } finally {
    close();
  }
  await database.guard(() => writeBeside(database.path));
}

async function writeBeside(path: string): Promise<void> {
  const probe = workFile(path, 'health');
  try {
    const file = await open(probe, 'wx');
    try {
      await file.writeFile(PROBE);
      await file.sync();
    } finally {
      await file.close();
    }
  } finally {
    await rm(probe, { force: true });
  }
}
