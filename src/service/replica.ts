import { migrate } from '../state/migrate.js';
import { Database, type DatabaseOptions } from '../target/database.js';
import { createSchema, dropOrphanedStagingTables } from '../target/ddl.js';

export interface OpenedReplica {
  readonly database: Database;
  /** Staging tables that a crash left behind, now dropped. */
  readonly orphans: readonly string[];
}

/** Opens the replica for writing, brings its state up to date and clears what a crash left. */
export async function openReplica(
  options: DatabaseOptions,
  targetSchema: string,
): Promise<OpenedReplica> {
  const database = await Database.open(options);
  try {
    await migrate(database);
    await createSchema(database, targetSchema);
    return { database, orphans: await dropOrphanedStagingTables(database, targetSchema) };
  } catch (error) {
    await database[Symbol.asyncDispose]();
    throw error;
  }
}
