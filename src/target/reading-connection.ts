import type { DuckDBConnection, DuckDBPreparedStatement } from '@duckdb/node-api';

import { PROBE_SQL } from './whole-result.js';

/** A connection that is used for one reader after the other, and keeps what Ducktail itself asks. */
export class ReadingConnection {
  private readonly prepared = new Map<string, DuckDBPreparedStatement>();

  constructor(readonly connection: DuckDBConnection) {}

  /** `sql` is one of few texts. Outside of its transactions a prepared statement holds nothing. */
  async rows(sql: string): Promise<Record<string, unknown>[]> {
    const reader = await (await this.prepare(sql)).runAndReadAll();
    return reader.getRowObjectsJson();
  }

  /**
   * Throws where its transaction is spoilt. Begins a statement on this thread and leaves it at that:
   * a way through the thread pool would be a tenth of what a point query takes.
   */
  async probe(): Promise<void> {
    (await this.prepare(PROBE_SQL)).start().runTask();
  }

  private async prepare(sql: string): Promise<DuckDBPreparedStatement> {
    const known = this.prepared.get(sql);
    if (known !== undefined) return known;
    const statement = await this.connection.prepare(sql);
    this.prepared.set(sql, statement);
    return statement;
  }
}
