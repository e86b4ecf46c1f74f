import type { RejectedValue } from '../model/rejected-value.js';
import type { Database } from '../target/database.js';
import type { RowAppender } from '../target/row-appender.js';

/**
 * The rejected values of tables that are being copied: kept in a temporary table, which DuckDB may
 * move to disk, until the cutover makes them part of the state. A crash leaves nothing behind.
 */
export class RejectedValueBuffer implements AsyncDisposable {
  private constructor(
    private readonly database: Database,
    private readonly appender: RowAppender,
  ) {}

  static async open(database: Database): Promise<RejectedValueBuffer> {
    await database.run(
      `CREATE OR REPLACE TEMP TABLE rejected_buffer (
         copy_id VARCHAR, row_key VARCHAR, column_name VARCHAR, source_text VARCHAR, reason VARCHAR)`,
    );
    return new RejectedValueBuffer(database, await database.createTempAppender('rejected_buffer'));
  }

  /** `copyId` tells one attempt at a table from another. */
  append(copyId: string, columnNames: readonly string[], values: readonly RejectedValue[]): void {
    for (const { key, column, sourceText, reason } of values) {
      this.appender.append([copyId, key, columnNames[column], sourceText, reason]);
    }
  }

  /** Within the transaction of a cutover: replaces the table's rejected values by those of the copy. */
  async record(copyId: string, targetSchema: string, table: string): Promise<void> {
    this.appender.flush();
    await this.database.run(
      'DELETE FROM _ducktail.rejected_values WHERE target_schema = ? AND table_name = ?',
      [targetSchema, table],
    );
    await this.database.run(
      `INSERT INTO _ducktail.rejected_values
         SELECT ?, ?, row_key::JSON, column_name, source_text, reason, now()
           FROM rejected_buffer WHERE copy_id = ?`,
      [targetSchema, table, copyId],
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.appender.close();
    await this.database.run('DROP TABLE IF EXISTS rejected_buffer');
  }
}
