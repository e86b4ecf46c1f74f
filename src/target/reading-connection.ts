import type { DuckDBConnection, DuckDBPreparedStatement } from '@duckdb/node-api';

/** A connection that is used for one reader after the other, and keeps what Ducktail itself asks. */
export class ReadingConnection {
  private readonly prepared = new Map<string, DuckDBPreparedStatement>();

  constructor(readonly connection: DuckDBConnection) {}

  /** `sql` is one of few texts. Outside of its transactions a prepared statement holds nothing. */
  async rows(sql: string): Promise<Record<string, unknown>[]> {
    let statement = this.prepared.get(sql);
    if (statement === undefined) {
      statement = await this.connection.prepare(sql);
      this.prepared.set(sql, statement);
    }
    const reader = await statement.runAndReadAll();
    return reader.getRowObjectsJson();
  }
}
