import type { DuckDBConnection, DuckDBPreparedStatement } from '@duckdb/node-api';
import { PROBE_SQL } from './whole-result.js';

/**
 * A connection that is used for one reader after the other.
 *
 * Nothing that reads may be prepared for more than one use: DuckDB plans by the statistics that a table
 * has then, and what was added since is not found (`WHERE id = 50` where the largest id was 9).
 */
export class ReadingConnection {
  private probing: DuckDBPreparedStatement | null = null;

  constructor(readonly connection: DuckDBConnection) {}

  async rows(sql: string): Promise<Record<string, unknown>[]> {
    const reader = await this.connection.runAndReadAll(sql);
    return reader.getRowObjectsJson();
  }

  /**
   * Throws where its transaction is spoilt: then no statement can be started. It is left at the start,
   * which is no way through the thread pool.
   */
  async probe(): Promise<void> {
    this.probing ??= await this.connection.prepare(PROBE_SQL);
    this.probing.start();
  }
}
