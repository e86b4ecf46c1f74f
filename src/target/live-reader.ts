import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type DuckDBConnection,
  type DuckDBDataChunk,
  type DuckDBPreparedStatement,
  type DuckDBResult,
  type DuckDBType,
  DuckDBTypeId,
  StatementType,
} from '@duckdb/node-api';
import { DucktailError } from '../common/errors.js';
import { quoteDuckdbName, quoteDuckdbText } from '../common/identifiers.js';
import { arrowPieces, needsText } from './arrow/arrow-stream.js';
import type { EndReading } from './critical-work.js';
import type { Database } from './database.js';
import { translateTargetError } from './errors.js';
import { interruptOnAbort } from './interruption.js';
import { jsonRows } from './json-rows.js';
import { bindParameters, type ParameterValue } from './parameters.js';
import { describeColumns, type QueryColumn, translateQueryError } from './read-only.js';
import { prepareRead } from './read-statement.js';
import type { ReadingConnection } from './reading-connection.js';
import { requireWhole } from './whole-result.js';

/**
 * Reads beside the writer, on a connection of its own and in one read-only transaction: everything
 * that it reads is of one instant.
 */
export class LiveReader {
  private readonly connection: DuckDBConnection;

  private constructor(
    private readonly database: Database,
    private readonly reading: ReadingConnection,
  ) {
    this.connection = reading.connection;
  }

  /**
   * An abort interrupts what is under way, which then throws the signal's reason; so does the writer
   * where it can't bear the reader any longer.
   */
  static async use<T>(
    database: Database,
    signal: AbortSignal,
    work: (reader: LiveReader, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    signal.throwIfAborted();
    const { opened, reading, giveBack } = await database.borrowReader();
    const { connection } = reading;
    const stop = AbortSignal.any([signal, opened.signal]);
    let isClean = false;
    let endReading: EndReading | null = null;
    try {
      stop.throwIfAborted();
      using _interruption = interruptOnAbort(connection, stop);
      endReading = await database.critical.beginReading(connection);
      const result = await work(new LiveReader(database, reading), stop);
      isClean = !stop.aborted;
      return result;
    } catch (error) {
      stop.throwIfAborted();
      throw translateTargetError(error, database.path);
    } finally {
      // A result that was not read to its end keeps the transaction open, beyond the connection.
      const isOver = await endReading?.();
      if (isClean && isOver === true) giveBack();
      else opened.close();
    }
  }

  /** Rows of a query of Ducktail's own, as objects. */
  rows(sql: string): Promise<Record<string, unknown>[]> {
    return this.reading.rows(sql);
  }

  /** Starts a client's query. What is wrong with it is a `query-failed`. */
  async query(
    sql: string,
    values: readonly ParameterValue[],
    onSnapshot = nothing,
  ): Promise<LiveResult> {
    try {
      const statement = await prepareRead(this.connection, sql, values);
      await onSnapshot();
      return await this.start(await statement.stream());
    } catch (error) {
      throw translateQueryError(error, this.database.path);
    }
  }

  /** The same for Arrow, which has no form for some types. */
  async arrowQuery(
    sql: string,
    values: readonly ParameterValue[],
    onSnapshot = nothing,
  ): Promise<LiveResult> {
    try {
      const statement = await prepareRead(this.connection, sql, values);
      await onSnapshot();
      const cast = castColumns(sql, statement, arrowCast);
      if (cast === null) return await this.start(await statement.stream());
      const other = await this.prepare(`FROM ${cast}`, values);
      return await this.start(await other.stream());
    } catch (error) {
      throw translateQueryError(error, this.database.path);
    }
  }

  /** Writes a query's result into a file of the folder, as Parquet; resolves to its path. */
  async parquet(
    sql: string,
    values: readonly ParameterValue[],
    folder: string,
    onSnapshot = nothing,
  ): Promise<string> {
    try {
      const statement = await prepareRead(this.connection, sql, values);
      await onSnapshot();
      if (statement.statementType === StatementType.EXPLAIN) {
        throw new DucktailError('query-failed', 'a plan can not be had as Parquet');
      }
      // COPY takes no DESCRIBE or SHOW; a subquery can be any.
      const query = castColumns(sql, statement, parquetCast) ?? `(FROM ${subquery(sql)})`;
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const file = join(folder, `${randomUUID()}.parquet`);
      const target = `${quoteDuckdbText(file)} (FORMAT parquet)`;
      await (await this.prepare(`COPY ${query} TO ${target}`, values)).run();
      return file;
    } catch (error) {
      throw translateQueryError(error, this.database.path);
    }
  }

  private start(result: DuckDBResult): Promise<LiveResult> {
    return LiveResult.start(this.database.path, result, () => this.reading.probe());
  }

  private async prepare(
    sql: string,
    values: readonly ParameterValue[],
  ): Promise<DuckDBPreparedStatement> {
    const statement = await this.connection.prepare(sql);
    bindParameters(statement, values);
    return statement;
  }
}

/** Called when the transaction sees what it will see, and before anything is read. */
const nothing = (): Promise<void> => Promise.resolve();

type ColumnCast = (type: DuckDBType) => string | null;

const arrowCast: ColumnCast = (type) => wideCast(type) ?? (needsText(type) ? 'VARCHAR' : null);

/** Parquet's intervals have milliseconds and no sign. */
const parquetCast: ColumnCast = (type) =>
  wideCast(type) ?? (type.typeId === DuckDBTypeId.INTERVAL ? 'VARCHAR' : null);

/** What neither has; a value beyond 38 digits is an error. DuckDB would write a DOUBLE. */
function wideCast({ typeId }: DuckDBType): string | null {
  return typeId === DuckDBTypeId.HUGEINT || typeId === DuckDBTypeId.UHUGEINT
    ? 'DECIMAL(38, 0)'
    : null;
}

/** The statement as a subquery with other types; null where none has to be another. */
function castColumns(
  sql: string,
  statement: DuckDBPreparedStatement,
  castOf: ColumnCast,
): string | null {
  const casts = Array.from({ length: statement.columnCount }, (_, at) =>
    castOf(statement.columnType(at)),
  );
  if (casts.every((cast) => cast === null)) return null;
  const list = casts.map((cast, at) => {
    const value = cast === null ? `c${at}` : `CAST(c${at} AS ${cast})`;
    return `${value} AS ${quoteDuckdbName(statement.columnName(at))}`;
  });
  const aliases = casts.map((_, at) => `c${at}`).join(', ');
  return `(SELECT ${list.join(', ')} FROM ${subquery(sql)} AS r(${aliases}))`;
}

/** Of a statement that was found to be one SELECT. A comment at its end would take the bracket. */
function subquery(sql: string): string {
  return `(\n${sql.replace(/;\s*$/, '')}\n)`;
}

/** A result as it comes. Each chunk is there until the next one is asked for. */
export class LiveResult {
  readonly columns: readonly QueryColumn[];

  private constructor(
    private readonly path: string,
    private readonly result: DuckDBResult,
    private readonly probe: () => Promise<unknown>,
    private next: DuckDBDataChunk | null,
  ) {
    this.columns = uniqueNames(describeColumns(result));
  }

  /** With the first chunk, so that what fails early fails here. */
  static async start(
    path: string,
    result: DuckDBResult,
    probe: () => Promise<unknown>,
  ): Promise<LiveResult> {
    return new LiveResult(path, result, probe, await result.fetchChunk());
  }

  /** Rows in JSON form: what a JSON number does not hold exactly, as text. */
  async *rows(): AsyncGenerator<(readonly unknown[])[]> {
    const types = this.result.columnTypes();
    for await (const chunk of this.chunks()) yield* jsonRows(chunk, types);
  }

  /** As an Arrow IPC stream. */
  arrow(): AsyncGenerator<Uint8Array> {
    return arrowPieces(this.columns, this.result.columnTypes(), this.chunks());
  }

  private async *chunks(): AsyncGenerator<DuckDBDataChunk> {
    while (this.next !== null && this.next.rowCount > 0) {
      yield this.next;
      try {
        this.next = await this.result.fetchChunk();
      } catch (error) {
        throw translateQueryError(error, this.path);
      }
    }
    await requireWhole(this.probe);
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
