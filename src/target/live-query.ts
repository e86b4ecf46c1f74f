import { type DuckDBConnection, type DuckDBResult, StatementType } from '@duckdb/node-api';
import { orAbandon } from '../common/abandon.js';
import { DucktailError, errorMessage } from '../common/errors.js';
import type { EndReading } from './critical-work.js';
import type { Database } from './database.js';
import { interruptOnAbort } from './interruption.js';
import { jsonRows } from './json-rows.js';
import { describeColumns, type QueryColumn, translateQueryError } from './read-only.js';
import { PROBE_SQL, requireWhole } from './whole-result.js';

/** Takes a result as it comes; what it returns is awaited before more is fetched. */
export interface RowSink {
  columns(columns: readonly QueryColumn[]): Promise<void> | void;
  /** Values in JSON form, as in a `QueryResult`. */
  rows(rows: readonly (readonly unknown[])[]): Promise<void> | void;
}

/**
 * What may run beside the writer. In a read-only transaction COPY can only write files. Others would
 * change what is everyone's in this instance (settings, attached files), or end the transaction.
 */
const ALLOWED: ReadonlySet<StatementType> = new Set([
  StatementType.SELECT,
  StatementType.EXPLAIN,
  StatementType.COPY,
]);

/**
 * Runs SQL that only reads, on a connection of its own beside the writer: it sees whole transactions,
 * and what is committed meanwhile not at all. Of several statements the last one answers. An abort
 * interrupts it, and so does the writer where it can't bear the reader any longer.
 */
export async function queryBesideWriter(
  database: Database,
  sql: string,
  sink: RowSink,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const reader = await database.connectReader();
  const { connection } = reader;
  const stop = AbortSignal.any([signal, reader.signal]);
  let endReading: EndReading | null = null;
  try {
    stop.throwIfAborted();
    using _interruption = interruptOnAbort(connection, stop);
    endReading = await database.critical.beginReading(connection);
    await runStatements(connection, sql, sink, stop);
    await requireWhole(() => connection.run(PROBE_SQL));
  } catch (error) {
    stop.throwIfAborted();
    throw translateQueryError(error, database.path);
  } finally {
    // A result that was not read to its end keeps the transaction open, beyond the connection.
    await endReading?.();
    reader.close();
  }
}

/** All rows of a query of Ducktail's own, as objects. */
export async function rowsBesideWriter(
  database: Database,
  sql: string,
  signal = new AbortController().signal,
): Promise<Record<string, unknown>[]> {
  let names: string[] = [];
  const found: Record<string, unknown>[] = [];
  const sink: RowSink = {
    columns(columns) {
      names = columns.map(({ name }) => name);
    },
    rows(rows) {
      for (const row of rows) {
        found.push(Object.fromEntries(names.map((name, at) => [name, row[at]])));
      }
    },
  };
  await queryBesideWriter(database, sql, sink, signal);
  return found;
}

async function runStatements(
  connection: DuckDBConnection,
  sql: string,
  sink: RowSink,
  signal: AbortSignal,
): Promise<void> {
  const statements = await connection.extractStatements(sql).catch((error: unknown) => {
    // All that node-api says of SQL without a statement.
    if (errorMessage(error) !== 'Error in native callback') throw error;
    throw new DucktailError('query-failed', 'there is no statement in it', { cause: error });
  });
  for (let at = 0; at < statements.count; at++) {
    const statement = await statements.prepare(at);
    if (!ALLOWED.has(statement.statementType)) throw refusal(statement.statementType);
    const result = await statement.stream();
    await drain(result, at === statements.count - 1 ? sink : null, signal);
  }
}

async function drain(
  result: DuckDBResult,
  sink: RowSink | null,
  signal: AbortSignal,
): Promise<void> {
  // A sink that takes nothing must not keep the transaction open.
  const given = (taken: Promise<void> | void): Promise<void> =>
    orAbandon(Promise.resolve(taken), signal);
  await given(sink?.columns(describeColumns(result)));
  const types = result.columnTypes();
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return;
    if (sink === null) continue;
    for await (const rows of jsonRows(chunk, types)) await given(sink.rows(rows));
  }
}

function refusal(type: StatementType): DucktailError {
  return new DucktailError(
    'query-failed',
    `the replica is read-only, and a running service answers SELECT, EXPLAIN and COPY … TO, ` +
      `but no ${StatementType[type]}`,
  );
}
