import { existsSync } from 'node:fs';
import { migrate } from '../state/migrate.js';
import { Database, type DatabaseOptions } from '../target/database.js';
import { createSchema, dropOrphanedStagingTables } from '../target/ddl.js';
import { removeWorkFiles } from '../target/work-files.js';

export interface OpenedReplica {
  readonly database: Database;
  /** Staging tables that a crash left behind, now dropped. */
  readonly orphans: readonly string[];
}

/**
 * A replica that is opened ahead, beside what the source is asked, if it is there: a new file is
 * made by the first who asks for it.
 */
export class ReplicaAhead implements AsyncDisposable {
  private opening: Promise<OpenedReplica> | null = null;

  constructor(
    private readonly options: DatabaseOptions,
    private readonly targetSchema: string,
  ) {
    if (!existsSync(options.path)) return;
    // Whoever asks for it hears of its failure; nobody may come to ask.
    this.open().catch(() => undefined);
  }

  /** Stays this one's to close. */
  open(): Promise<OpenedReplica> {
    this.opening ??= openReplica(this.options, this.targetSchema);
    return this.opening;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const opened = await this.opening?.catch(() => null);
    await opened?.database[Symbol.asyncDispose]();
  }
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
    await removeWorkFiles(options.path);
    return { database, orphans: await dropOrphanedStagingTables(database, targetSchema) };
  } catch (error) {
    await database[Symbol.asyncDispose]();
    throw error;
  }
}
