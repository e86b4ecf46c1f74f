import type { DuckDBAppender } from '@duckdb/node-api';

/** The Appender, value by value, for rows of texts that are few. */
export class RowAppender {
  constructor(private readonly appender: DuckDBAppender) {}

  append(values: readonly (string | null)[]): void {
    for (const value of values) {
      if (value === null) this.appender.appendNull();
      else this.appender.appendVarchar(value);
    }
    this.appender.endRow();
  }

  flush(): void {
    this.appender.flushSync();
  }

  close(): void {
    this.appender.closeSync();
  }
}
