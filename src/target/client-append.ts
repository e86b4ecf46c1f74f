import { type DuckDBAppender, type DuckDBConnection, INTEGER, VARCHAR } from '@duckdb/node-api';
import { type ColumnBatch, valueBytes } from '../batch/column-batch.js';
import { TextRows } from '../batch/text-rows.js';
import { DucktailError, errorMessage } from '../common/errors.js';
import { quoteDuckdbText } from '../common/identifiers.js';
import { appendBatch } from './append-batch.js';
import { ChunkWriter } from './chunk-writer.js';
import type { Database } from './database.js';
import { qualifiedName } from './ddl.js';
import { interruptOnAbort } from './interruption.js';
import { translateQueryError } from './read-only.js';

/** What is not flushed waits in memory that DuckDB does not count. */
const FLUSH_BATCHES = 2;

interface AppendedColumn {
  readonly name: string;
  readonly type: string;
  readonly isRequired: boolean;
}

/**
 * Rows of a client on their way into one table, all of them or none. They gather as texts on a stage
 * that only its own connection has, with no transaction open between two flushes: a client that is
 * slow is in nobody's way. `publish` casts them, in one statement on DuckDB's threads, and names the
 * first line that can't be.
 */
export class ClientAppend implements AsyncDisposable {
  /** Where they are written, a value for each column. */
  readonly rows: TextRows;
  /** What they take on the stage. */
  bytes = 0;
  private readonly writer: ChunkWriter;
  private batches = 0;
  private appender!: DuckDBAppender;

  private constructor(
    private readonly database: Database,
    private readonly connection: DuckDBConnection,
    private readonly close: () => void,
    private readonly target: string,
    readonly columns: readonly AppendedColumn[],
  ) {
    this.rows = new TextRows(columns.length, (batch) => this.write(batch));
    this.writer = new ChunkWriter(this.rows.plans, [INTEGER, ...columns.map(() => VARCHAR)]);
  }

  /** A table that is not there is a `query-failed`. */
  static async open(database: Database, schema: string, table: string): Promise<ClientAppend> {
    const { connection, close } = await database.connectReader();
    try {
      const columns = await readColumns(connection, schema, table);
      if (columns.length === 0) {
        throw new DucktailError('query-failed', `there is no table ${schema}.${table}`);
      }
      const target = qualifiedName(database, schema, table);
      const append = new ClientAppend(database, connection, close, target, columns);
      const { plans } = append.rows;
      const list = plans.map((plan) => `${plan.name} ${plan.duckdbType}`).join(', ');
      await connection.run(`CREATE TEMP TABLE ducktail_append (${list})`);
      append.appender = await connection.createAppender('ducktail_append', 'main', 'temp');
      return append;
    } catch (error) {
      close();
      throw translateQueryError(error, database.path);
    }
  }

  /** Commits all rows, or throws a `query-failed` that names the first one which can't be. */
  async publish(signal: AbortSignal): Promise<void> {
    this.rows.flush();
    this.flush();
    using _interruption = interruptOnAbort(this.connection, signal);
    await this.database.clientTransactions.run(signal, async () => {
      try {
        await this.insert(null);
      } catch (error) {
        signal.throwIfAborted();
        throw await this.explain(error);
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // What is on the stage goes with its connection; an appender that failed can't be closed.
    try {
      this.appender.closeSync();
    } catch {
      // Its rows were not to be kept.
    }
    this.close();
    return Promise.resolve();
  }

  private write(batch: ColumnBatch): void {
    appendBatch(this.writer, this.appender, batch);
    this.bytes += valueBytes(batch);
    this.batches++;
    if (this.batches % FLUSH_BATCHES === 0) this.flush();
  }

  private flush(): void {
    try {
      this.appender.flushSync();
    } catch (error) {
      throw translateQueryError(error, this.database.path);
    }
  }

  /** All rows, or those up to a line, which are then not kept. */
  private async insert(upTo: number | null): Promise<void> {
    const { connection, database } = this;
    await connection.run('BEGIN TRANSACTION');
    try {
      const values = this.columns.map((column, at) => castOf(column, `c${at}`)).join(', ');
      const where = upTo === null ? '' : ` WHERE line <= ${upTo}`;
      await connection.run(
        `INSERT INTO ${this.target} SELECT ${values} FROM temp.main.ducktail_append${where}`,
      );
      await database.critical.endWriting(connection, upTo === null ? 'COMMIT' : 'ROLLBACK');
    } catch (error) {
      await database.critical.endWriting(connection, 'ROLLBACK').catch(() => undefined);
      throw error;
    }
  }

  private async explain(error: unknown): Promise<DucktailError> {
    const translated = translateQueryError(error, this.database.path);
    if (translated.code !== 'query-failed') return translated;
    const bad = (await this.findBadValue()) ?? (await this.findBadLine());
    return bad ?? translated;
  }

  private async findBadValue(): Promise<DucktailError | null> {
    const checks = this.columns.map((column, at) => `WHEN ${badWhen(column, `c${at}`)} THEN ${at}`);
    const [found] = await this.read<[number, number]>(
      `SELECT line, bad FROM (SELECT line, CASE ${checks.join(' ')} END AS bad
         FROM temp.main.ducktail_append) WHERE bad IS NOT NULL ORDER BY line LIMIT 1`,
    );
    if (found === undefined) return null;
    const [line, at] = found;
    const { name, type } = this.columns[at];
    return badRow(line, `column ${name} can't hold the value as ${type}`);
  }

  private async read<Row>(sql: string): Promise<Row[]> {
    const { connection, database } = this;
    const end = await database.critical.beginReading(connection);
    try {
      const reader = await connection.runAndReadAll(sql);
      return reader.getRowsJson() as Row[];
    } finally {
      await end();
    }
  }

  /** What only shows when it is inserted, such as a key that is there already: by halving. */
  private async findBadLine(): Promise<DucktailError | null> {
    let good = 0;
    let [[bad]] = await this.read<[number]>('SELECT max(line) FROM temp.main.ducktail_append');
    let reason: string | null = null;
    while (bad - good > 1 || reason === null) {
      const middle = reason === null ? bad : Math.floor((good + bad) / 2);
      try {
        await this.insert(middle);
        // It was another's change that has gone again.
        if (reason === null) return null;
        good = middle;
      } catch (error) {
        reason = errorMessage(error).split('\n', 1)[0];
        bad = middle;
      }
    }
    return badRow(bad, reason);
  }
}

export function badRow(line: number, reason: string): DucktailError {
  return new DucktailError('query-failed', `line ${line}: ${reason}`, {
    hint: 'Nothing of the stream was kept.',
  });
}

async function readColumns(
  connection: DuckDBConnection,
  schema: string,
  table: string,
): Promise<AppendedColumn[]> {
  const reader = await connection.runAndReadAll(
    `SELECT column_name, data_type, NOT is_nullable
       FROM duckdb_columns() JOIN duckdb_tables() USING (database_name, schema_name, table_name)
      WHERE database_name = current_database() AND lower(schema_name) = lower(${quoteDuckdbText(schema)})
        AND lower(table_name) = lower(${quoteDuckdbText(table)})
      ORDER BY column_index`,
  );
  const rows = reader.getRowsJson() as [string, string, boolean][];
  return rows.map(([name, type, isRequired]) => ({ name, type, isRequired }));
}

/** Dates and times may come as whole timestamps. */
function castOf({ type }: AppendedColumn, value: string): string {
  if (type === 'DATE' || type === 'TIME') {
    return `coalesce(try_cast(${value} AS ${type}), CAST(CAST(${value} AS TIMESTAMP) AS ${type}))`;
  }
  // DuckDB would round.
  if (INTEGERS.has(type)) {
    return `CASE WHEN ${isFraction(value)} THEN error('a fraction') ELSE CAST(${value} AS ${type}) END`;
  }
  return `CAST(${value} AS ${type})`;
}

function badWhen(column: AppendedColumn, value: string): string {
  const { type, isRequired } = column;
  const cast =
    type === 'DATE' || type === 'TIME'
      ? `coalesce(try_cast(${value} AS ${type}), try_cast(try_cast(${value} AS TIMESTAMP) AS ${type}))`
      : `try_cast(${value} AS ${type})`;
  const wrong = [`${value} IS NOT NULL AND ${cast} IS NULL`];
  if (INTEGERS.has(type)) wrong.push(`coalesce(${isFraction(value)}, false)`);
  if (isRequired) wrong.push(`${value} IS NULL`);
  return wrong.map((condition) => `(${condition})`).join(' OR ');
}

/** `1.0` is none. What has an exponent below zero is taken for one. */
function isFraction(value: string): string {
  return `regexp_matches(${value}, '\\.\\d*[1-9]|[eE]-')`;
}

const INTEGERS: ReadonlySet<string> = new Set(
  ['TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'HUGEINT'].flatMap((type) => [type, `U${type}`]),
);
