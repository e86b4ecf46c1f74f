import { Database } from '../../src/target/database.js';
import { TempFolder } from '../helpers/temp-folder.js';

/** A replica's file in a folder of its own, open for writing; both go at the end. */
export class TempDatabase implements AsyncDisposable {
  private constructor(
    readonly database: Database,
    readonly folder: TempFolder,
  ) {}

  static async open(): Promise<TempDatabase> {
    const folder = await TempFolder.open();
    return new TempDatabase(await openDatabase(folder.file('replica.duckdb')), folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.database[Symbol.asyncDispose]();
    await this.folder[Symbol.asyncDispose]();
  }
}

export function openDatabase(path: string, owner = 'ducktail test'): Promise<Database> {
  return Database.open({ path, memoryLimit: '256MB', threads: 2, owner });
}
