import {
  type DuckDBConnection,
  type DuckDBDataChunk,
  type DuckDBResult,
  JsonDuckDBValueConverter,
} from '@duckdb/node-api';
import type { Database } from './database.js';
import { interruptOnAbort } from './interruption.js';
import type { ParameterValue } from './parameters.js';
import { describeColumns, type QueryColumn, translateQueryError } from './read-only.js';
import { prepareRead } from './read-statement.js';

/**
 * Reads beside the writer, on a connection of its own and in one read-only transaction: everything
 * that it reads is of one instant.
 */
export class LiveReader {
  private constructor(
    private readonly database: Database,
    private readonly connection: DuckDBConnection,
  ) {}

  /** An abort interrupts what is under way, which then throws the signal's reason. */
  static async use<T>(
    database: Database,
    signal: AbortSignal,
    work: (reader: LiveReader) => Promise<T>,
  ): Promise<T> {
    signal.throwIfAborted();
    const { connection, close } = await database.connectReader();
    using _interruption = interruptOnAbort(connection, signal);
    try {
      await connection.run('BEGIN TRANSACTION READ ONLY');
      return await work(new LiveReader(database, connection));
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      close();
    }
  }

  /** Rows of a query of Ducktail's own, as objects. */
  async rows(sql: string): Promise<Record<string, unknown>[]> {
    const reader = await this.connection.runAndReadAll(sql);
    return reader.getRowObjectsJson();
  }

  /** Starts a client's query. What is wrong with it is a `query-failed`. */
  async query(sql: string, values: readonly ParameterValue[]): Promise<LiveResult> {
    try {
      const statement = await prepareRead(this.connection, sql, values);
      return await LiveResult.start(this.database, await statement.stream());
    } catch (error) {
      throw translateQueryError(error, this.database.path);
    }
  }
}

/** A result as it comes. Each chunk is there until the next one is asked for. */
export class LiveResult {
  readonly columns: readonly QueryColumn[];

  private constructor(
    private readonly database: Database,
    private readonly result: DuckDBResult,
    private next: DuckDBDataChunk | null,
  ) {
    this.columns = uniqueNames(describeColumns(result));
  }

  /** With the first chunk, so that what fails early fails here. */
  static async start(database: Database, result: DuckDBResult): Promise<LiveResult> {
    return new LiveResult(database, result, await result.fetchChunk());
  }

  /** Rows in JSON form: what a JSON number does not hold exactly, as text. */
  async *rows(): AsyncGenerator<(readonly unknown[])[]> {
    for await (const chunk of this.chunks()) yield chunk.convertRows(JsonDuckDBValueConverter);
  }

  private async *chunks(): AsyncGenerator<DuckDBDataChunk> {
    while (this.next !== null && this.next.rowCount > 0) {
      yield this.next;
      try {
        this.next = await this.result.fetchChunk();
      } catch (error) {
        throw translateQueryError(error, this.database.path);
      }
    }
  }
}

/** Objects have each key once: the second `a` is `a_1`. */
function uniqueNames(columns: readonly QueryColumn[]): QueryColumn[] {
  const taken = new Set<string>(columns.map(({ name }) => name));
  const used = new Set<string>();
  return columns.map(({ name, type }) => {
    let unique = name;
    for (let at = 1; used.has(unique); at++) {
      if (!taken.has(`${name}_${at}`) && !used.has(`${name}_${at}`)) unique = `${name}_${at}`;
    }
    used.add(unique);
    return { name: unique, type };
  });
}
