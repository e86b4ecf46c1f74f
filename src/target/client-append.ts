import {
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBDataChunk,
  type DuckDBType,
  INTEGER,
  VARCHAR,
} from '@duckdb/node-api';
import { DucktailError, errorMessage } from '../common/errors.js';
import { quoteDuckdbText } from '../common/identifiers.js';
import type { Database } from './database.js';
import { qualifiedName } from './ddl.js';
import { interruptOnAbort } from './interruption.js';
import { translateQueryError } from './read-only.js';

/** The rows of a vector. */
const CHUNK_ROWS = 2048;
/** Of the stage: what is not flushed waits in memory that DuckDB does not count. */
const FLUSH_CHUNKS = 8;

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
  rows = 0;
  /** Of the values' texts. */
  bytes = 0;
  private texts: (string | null)[][];
  private lines: number[] = [];
  private chunks = 0;
  private appender!: DuckDBAppender;
  private readonly types: readonly DuckDBType[];

  private constructor(
    private readonly database: Database,
    private readonly connection: DuckDBConnection,
    private readonly close: () => void,
    private readonly target: string,
    readonly columns: readonly AppendedColumn[],
  ) {
    this.texts = columns.map(() => []);
    this.types = [INTEGER, ...columns.map(() => VARCHAR)];
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
      const list = columns.map((_, at) => `c${at} VARCHAR`).join(', ');
      await connection.run(`CREATE TEMP TABLE ducktail_append (line INTEGER, ${list})`);
      append.appender = await connection.createAppender('ducktail_append', 'main', 'temp');
      return append;
    } catch (error) {
      close();
      throw translateQueryError(error, database.path);
    }
  }

  /** A value for each column, as text; `line` is for errors. */
  add(line: number, values: readonly (string | null)[]): void {
    const { texts } = this;
    for (let at = 0; at < texts.length; at++) {
      const value = values[at];
      texts[at].push(value);
      if (value !== null) this.bytes += value.length;
    }
    this.lines.push(line);
    this.rows++;
    if (this.lines.length === CHUNK_ROWS) this.writeChunk();
  }

  /** Commits all rows, or throws a `query-failed` that names the first one which can't be. */
  async publish(signal: AbortSignal): Promise<void> {
    if (this.lines.length > 0) this.writeChunk();
    this.appender.flushSync();
    using _interruption = interruptOnAbort(this.connection, signal);
    try {
      await this.insert(null);
    } catch (error) {
      signal.throwIfAborted();
      throw await this.explain(error);
    }
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

  private writeChunk(): void {
    const chunk = DuckDBDataChunk.create([...this.types], this.lines.length);
    chunk.setColumns([this.lines, ...this.texts]);
    this.appender.appendDataChunk(chunk);
    this.lines = [];
    this.texts = this.columns.map(() => []);
    this.chunks++;
    if (this.chunks % FLUSH_CHUNKS === 0) this.appender.flushSync();
  }

  /** All rows, or those up to a line, which are then not kept. */
  private async insert(upTo: number | null): Promise<void> {
    const { connection } = this;
    await connection.run('BEGIN TRANSACTION');
    try {
      const values = this.columns.map((column, at) => castOf(column, `c${at}`)).join(', ');
      const where = upTo === null ? '' : ` WHERE line <= ${upTo}`;
      await connection.run(
        `INSERT INTO ${this.target} SELECT ${values} FROM temp.main.ducktail_append${where}`,
      );
      await connection.run(upTo === null ? 'COMMIT' : 'ROLLBACK');
    } catch (error) {
      await connection.run('ROLLBACK').catch(() => undefined);
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
    const reader = await this.connection.runAndReadAll(
      `SELECT line, bad FROM (SELECT line, CASE ${checks.join(' ')} END AS bad
         FROM temp.main.ducktail_append) WHERE bad IS NOT NULL ORDER BY line LIMIT 1`,
    );
    const [found] = reader.getRowsJson() as [number, number][];
    if (found === undefined) return null;
    const [line, at] = found;
    const { name, type } = this.columns[at];
    return badRow(line, `column ${name} can't hold the value as ${type}`);
  }

  /** What only shows when it is inserted, such as a key that is there already: by halving. */
  private async findBadLine(): Promise<DucktailError | null> {
    let good = 0;
    let [[bad]] = (
      await this.connection.runAndReadAll('SELECT max(line) FROM temp.main.ducktail_append')
    ).getRowsJson() as [[number]];
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

function isFraction(value: string): string {
  return `regexp_matches(${value}, '[.eE]')`;
}

const INTEGERS: ReadonlySet<string> = new Set(
  ['TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'HUGEINT'].flatMap((type) => [type, `U${type}`]),
);
