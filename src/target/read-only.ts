import { access } from 'node:fs/promises';
import { type DuckDBConnection, DuckDBInstance, type DuckDBType } from '@duckdb/node-api';
import { DucktailError, errorMessage, hasCode } from '../common/errors.js';
import { orWithMemory, translateTargetError } from './errors.js';
import { interruptOnAbort } from './interruption.js';
import { jsonValue } from './json-values.js';
import { busy, isHere, readLockHolder } from './lock-file.js';
import { ALL_MEMORY, MemoryLimit } from './memory-limit.js';

export interface QueryColumn {
  readonly name: string;
  readonly type: string;
}

export interface QueryResult {
  readonly columns: readonly QueryColumn[];
  /** Values in JSON form: numbers beyond 2^53, decimals, dates and blobs as texts. */
  readonly rows: readonly (readonly unknown[])[];
}

/** The replica opened for reading by a process that has no `Database` on it. */
export class ReadOnlyReplica implements Disposable {
  private constructor(
    private readonly path: string,
    private readonly instance: DuckDBInstance,
    private readonly connection: DuckDBConnection,
  ) {}

  /**
   * `settings`: of DuckDB's, by their names. Where the log of a crash takes more to be replayed than
   * their `memory_limit`, DuckDB's own holds.
   */
  static async open(
    path: string,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<ReadOnlyReplica> {
    await requireFile(path);
    const holder = await readLockHolder(path);
    if (holder !== null && isHere(holder)) throw busy(path, holder);
    try {
      const instance = await createInstance(path, settings);
      return new ReadOnlyReplica(path, instance, await instance.connect());
    } catch (error) {
      const failure = translateTargetError(error, path);
      const isTaken = hasCode(failure, 'target-busy');
      throw isTaken && holder !== null ? busy(path, holder) : failure;
    }
  }

  /** Runs the SQL; the result is the last statement's. A mistake in it is a `query-failed`. */
  async query(sql: string): Promise<QueryResult> {
    try {
      // Without values, even none, node-api gives the first statement's result.
      const reader = await this.connection.runAndReadAll(sql, []);
      return { columns: describeColumns(reader), rows: reader.convertRows(jsonValue) };
    } catch (error) {
      throw translateQueryError(error, this.path);
    }
  }

  async rows(sql: string): Promise<Record<string, unknown>[]> {
    const { columns, rows } = await this.query(sql);
    return rows.map((row) => Object.fromEntries(columns.map(({ name }, i) => [name, row[i]])));
  }

  /** For queries that may take long; what is interrupted is a `query-failed`. */
  interruptOnAbort(signal: AbortSignal): Disposable {
    return interruptOnAbort(this.connection, signal);
  }

  /** Runs `work` with all the memory that DuckDB may ever have. */
  async withAllMemory<T>(work: () => Promise<T>): Promise<T> {
    const [{ limit }] = await this.rows(`SELECT current_setting('memory_limit') AS limit`);
    const memory = new MemoryLimit(String(limit), {
      rows: (sql) => this.rows(sql),
      enter: () => Promise.resolve(() => undefined),
    });
    await memory.raise(ALL_MEMORY);
    try {
      return await work();
    } finally {
      await memory.lower(ALL_MEMORY);
    }
  }

  [Symbol.dispose](): void {
    this.connection.closeSync();
    this.instance.closeSync();
  }
}

function createInstance(
  path: string,
  { memory_limit: limit, ...others }: Readonly<Record<string, string>>,
): Promise<DuckDBInstance> {
  const settings = { ...others, access_mode: 'READ_ONLY' };
  const open = (): Promise<DuckDBInstance> => DuckDBInstance.create(path, settings);
  if (limit === undefined) return open();
  const openLimited = (): Promise<DuckDBInstance> =>
    DuckDBInstance.create(path, { ...settings, memory_limit: limit });
  return orWithMemory(path, openLimited, open);
}

/** The columns of a result, their types as DuckDB names them. */
export function describeColumns(result: {
  columnNames(): readonly string[];
  columnTypes(): readonly DuckDBType[];
}): QueryColumn[] {
  const types = result.columnTypes();
  return result
    .columnNames()
    .map((name, i) => ({ name, type: types[i].alias ?? String(types[i]) }));
}

/** What is wrong with an operator's own SQL. */
export function translateQueryError(error: unknown, path: string): DucktailError {
  const translated = translateTargetError(error, path);
  const known = translated instanceof DucktailError ? translated : null;
  // The SQL can name other files; what is wrong with those says nothing about the replica.
  if (known !== null && known.code !== 'target-failed') return known;
  return new DucktailError('query-failed', errorMessage(error), { cause: error });
}

async function requireFile(path: string): Promise<void> {
  try {
    await access(path);
  } catch (error) {
    throw new DucktailError('target-failed', `there is no replica at ${path}`, {
      cause: error,
      hint: 'Run `ducktail sync` first, or check DUCKDB_PATH.',
    });
  }
}
