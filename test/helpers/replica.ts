import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type { TextRow } from './test-source.js';

/**
 * A replica's file, opened READ_ONLY in this process: only while no other process has it open for
 * writing.
 */
export class Replica implements Disposable {
  private constructor(
    private readonly instance: DuckDBInstance,
    private readonly connection: DuckDBConnection,
  ) {}

  static async open(path: string): Promise<Replica> {
    const instance = await DuckDBInstance.create(path, { access_mode: 'READ_ONLY' });
    const connection = await instance.connect();
    await connection.run("SET TimeZone = 'UTC'");
    return new Replica(instance, connection);
  }

  /** The rows of a query whose columns are all VARCHAR. */
  async texts(sql: string): Promise<TextRow[]> {
    const reader = await this.connection.runAndReadAll(sql);
    return reader.getRows() as TextRow[];
  }

  [Symbol.dispose](): void {
    this.connection.closeSync();
    this.instance.closeSync();
  }
}
