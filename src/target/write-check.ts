import type { Database } from './database.js';

/**
 * Writes and takes it back, on a connection of its own: the file must take it, and no writer has to
 * be waited for.
 */
export async function checkWriting(database: Database): Promise<void> {
  const { connection, close } = await database.connectReader();
  try {
    await database.guard(async () => {
      await connection.run('BEGIN TRANSACTION');
      await connection.run('CREATE TABLE __staging_health AS SELECT 1 AS n');
      await connection.run('ROLLBACK');
    });
  } finally {
    close();
  }
}
