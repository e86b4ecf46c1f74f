import { AsyncLocalStorage } from 'node:async_hooks';
import type { DuckDBAppender, DuckDBConnection, DuckDBType } from '@duckdb/node-api';
import { toError } from '../common/errors.js';
import { Turns } from '../common/turns.js';
import { AutomaticCheckpoints } from './automatic-checkpoints.js';
import {
  type DatabaseOptions,
  isFree,
  openAgain,
  type OpenedFile,
  openFile,
} from './duckdb-file.js';
import { translateTargetError } from './errors.js';
import { acquireLock, type FileLock } from './lock-file.js';
import { forColumns, memoryText, mostMemory, parseSize } from './memory-size.js';
import { ReaderGate } from './reader-gate.js';
import { RowAppender } from './row-appender.js';
import type { StagingLane } from './staging-lane.js';

export type { DatabaseOptions };

/** Rows as objects; values in node-api's JSON form (big numbers as strings). */
export type Row = Record<string, unknown>;

export type SqlValue = string | number | bigint | boolean | null;

/**
 * The replica's file, opened once for writing. There is exactly one of these per file and process,
 * behind a lock file: a second DuckDB instance on the same file loses data in silence.
 */
export class Database implements AsyncDisposable {
  /** Lanes in no transaction: what they are made of stays in the instance, so they are used again. */
  readonly idleLanes: StagingLane[] = [];
  /** While held, DuckDB sets off no checkpoint by itself. */
  readonly automaticCheckpoints = new AutomaticCheckpoints((sql) => this.run(sql));
  /** While taken, the file is being copied: nobody else may checkpoint. */
  readonly copying = new Turns(1);
  private readonly extra = new Set<DuckDBConnection>();
  private readonly gate = new ReaderGate();
  private needsCheckpointMemory = false;
  /** Tells what belongs to the open transaction from what other tasks do meanwhile. */
  private readonly transactions = new AsyncLocalStorage<true>();
  private readonly writing = new Turns(1);

  private constructor(
    private readonly options: DatabaseOptions,
    private readonly lock: FileLock,
    private opened: OpenedFile,
  ) {}

  static async open(options: DatabaseOptions): Promise<Database> {
    const lock = await acquireLock(options.path, options.owner, () => isFree(options));
    try {
      return new Database(options, lock, await openFile(options));
    } catch (error) {
      await lock.release();
      throw translateTargetError(error, options.path);
    }
  }

  get path(): string {
    return this.options.path;
  }

  /** The name DuckDB has given the file; part of every name, because a schema may be called the same. */
  get catalog(): string {
    return this.opened.catalog;
  }

  get threads(): number {
    return this.opened.threads;
  }

  /** Whether columns can be given FSST: not in files of a later storage version. */
  get compressesFsst(): boolean {
    return this.opened.compressesFsst;
  }

  /** In DuckDB's notation, such as `v1.2.0`. */
  get storageVersion(): string {
    return this.opened.storageVersion;
  }

  private get writer(): DuckDBConnection {
    return this.opened.writer;
  }

  /**
   * Runs one statement on the writer connection; `values` are for its `?`. Within a transaction it
   * is part of it; outside it waits for the one that is open.
   */
  async run(sql: string, values: readonly SqlValue[] = []): Promise<void> {
    await this.exclusively(() => this.guard(() => this.writer.run(sql, [...values])));
  }

  async rows(sql: string, values: readonly SqlValue[] = []): Promise<Row[]> {
    const reader = await this.exclusively(() =>
      this.guard(() => this.writer.runAndReadAll(sql, [...values])),
    );
    return reader.getRowObjectsJson();
  }

  /**
   * Commits what `work` did, or nothing of it. There is one writer: whoever else writes, in this or
   * another task of the process, waits for its end. Not reentrant.
   */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    const transaction = await this.begin();
    try {
      const result = await transaction.within(work);
      await transaction.commit();
      return result;
    } catch (error) {
      await transaction.rollback();
      throw error;
    }
  }

  /** For a transaction that outlives one call: it keeps other writers waiting until its end. */
  async begin(): Promise<OpenTransaction> {
    if (this.isInTransaction) throw new Error('a transaction is open already');
    const inScope = <T>(work: () => Promise<T>): Promise<T> => this.transactions.run(true, work);
    return new Promise((resolve, reject) => {
      const turn = this.exclusively(
        () =>
          new Promise<void>((end) => {
            const begun = inScope(() => this.run('BEGIN TRANSACTION'));
            begun.then(
              () => {
                resolve(new OpenTransaction(inScope, (sql) => this.run(sql), end));
              },
              (error: unknown) => {
                end();
                reject(toError(error));
              },
            );
          }),
      );
      turn.catch(reject);
    });
  }

  private get isInTransaction(): boolean {
    return this.transactions.getStore() === true;
  }

  /** Has the writer connection to itself: within a transaction it has already, else it waits. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    return this.isInTransaction ? work() : this.writing.run(null, work);
  }

  /** The same for several statements, none of them in a transaction: what is open has ended. */
  withWriter<T>(work: () => Promise<T>): Promise<T> {
    if (this.isInTransaction) throw new Error('the writer is taken by the caller already');
    return this.exclusively(() => this.transactions.run(true, work));
  }

  /**
   * Runs `replace` while no instance has the file, and opens what is there then. For the holder of
   * the writer, with nothing of this process's that outlives it in the instance: temporary tables and
   * settings are gone. Waits for readers that are at work, `patienceMs` at most, and lets others wait.
   */
  async reopen(replace: () => Promise<void>, patienceMs: number): Promise<void> {
    using _gate = await this.gate.close(patienceMs, this.path);
    const limit = await this.memoryLimit();
    this.close();
    this.idleLanes.length = 0;
    try {
      await replace();
    } finally {
      this.opened = await openAgain(this.options);
      await this.setMemoryLimit(limit);
      await this.automaticCheckpoints.reapply();
    }
  }

  /** An Appender for a temporary table of the writer connection; its flushes are the writer's. */
  async createTempAppender(table: string): Promise<RowAppender> {
    return new RowAppender(await this.createTempBatchAppender(table));
  }

  /** An Appender of column batches for a temporary table of the writer connection. */
  createTempBatchAppender(table: string): Promise<DuckDBAppender> {
    return this.exclusively(() =>
      this.guard(() => this.writer.createAppender(table, 'main', 'temp')),
    );
  }

  /** Another connection, for a lane that fills staging tables; closed with the rest. */
  async connect(): Promise<DuckDBConnection> {
    const connection = await this.guard(() => this.opened.instance.connect());
    this.extra.add(connection);
    return connection;
  }

  /** A connection for reading beside the writer, and how to give it back. */
  async connectReader(): Promise<{ connection: DuckDBConnection; close: () => void }> {
    const leave = await this.gate.enter();
    const connection = await this.connect().catch((error: unknown) => {
      leave();
      throw error;
    });
    const close = (): void => {
      // Whoever is late finds it closed with the rest.
      if (!this.extra.delete(connection)) return;
      leave();
      connection.closeSync();
    };
    return { connection, close };
  }

  /** Ends what the writer is at, which then fails; for one that reads for long, after a stop. */
  interrupt(): void {
    this.writer.interrupt();
  }

  /** The types of a table's columns, as DuckDB's vectors have them. */
  async columnTypes(qualifiedName: string): Promise<readonly DuckDBType[]> {
    const result = await this.exclusively(() =>
      this.guard(() => this.writer.run(`FROM ${qualifiedName} LIMIT 0`)),
    );
    return result.columnTypes();
  }

  /**
   * Doubles DuckDB's memory limit, for values that are too large for it: a table that can't be
   * copied at all is worse than one that takes more memory than wished. Resolves to the new limit,
   * or null where the machine has no more to give.
   */
  async raiseMemoryLimit(): Promise<string | null> {
    const raised = (await this.memoryLimit()) * 2;
    if (raised > mostMemory()) return null;
    this.expectLargeValues();
    return this.setMemoryLimit(raised);
  }

  /**
   * Raises DuckDB's memory limit to what filling a table of so many columns takes, where it is
   * lower. Resolves to the new limit, or null where it stays.
   */
  async provideForColumns(columns: number): Promise<string | null> {
    const needed = forColumns(columns);
    if (needed <= (await this.memoryLimit()) || needed > mostMemory()) return null;
    return this.setMemoryLimit(needed);
  }

  /** Told of values of many kilobytes: see `withCheckpointMemory`. */
  expectLargeValues(): void {
    this.needsCheckpointMemory = true;
  }

  /**
   * Runs `work`, a CHECKPOINT. It compresses the row groups that are not full; where they hold large
   * values, or where a reader's query has taken the memory, that takes more than the limit, and where
   * it lacks memory DuckDB gives up the whole instance. So then it may have all there is.
   */
  async withCheckpointMemory<T>(work: () => Promise<T>): Promise<T> {
    if (!this.needsCheckpointMemory && this.gate.inside === 0) return work();
    const limit = await this.memoryLimit();
    await this.setMemoryLimit(mostMemory());
    try {
      return await work();
    } finally {
      await this.setMemoryLimit(limit);
    }
  }

  private async memoryLimit(): Promise<number> {
    const [{ limit }] = await this.rows(`SELECT current_setting('memory_limit') AS limit`);
    return parseSize(String(limit));
  }

  private async setMemoryLimit(bytes: number): Promise<string> {
    const text = memoryText(bytes);
    await this.run(`SET memory_limit = '${text}'`);
    return text;
  }

  async guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw translateTargetError(error, this.path);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.lock.release();
  }

  private close(): void {
    for (const connection of this.extra) connection.closeSync();
    this.extra.clear();
    this.writer.closeSync();
    this.opened.instance.closeSync();
  }
}

/** A transaction of the writer connection. */
export class OpenTransaction {
  private isOpen = true;

  constructor(
    private readonly inScope: <T>(work: () => Promise<T>) => Promise<T>,
    private readonly run: (sql: string) => Promise<void>,
    private readonly release: () => void,
  ) {}

  /** Runs `work` as a part of it. */
  within<T>(work: () => Promise<T>): Promise<T> {
    return this.inScope(work);
  }

  async commit(): Promise<void> {
    await this.inScope(() => this.run('COMMIT'));
    this.end();
  }

  /** Never fails: a failed COMMIT has rolled back already. Nothing after the end. */
  async rollback(): Promise<void> {
    if (!this.isOpen) return;
    await this.inScope(() => this.run('ROLLBACK')).catch(ignore);
    this.end();
  }

  private end(): void {
    this.isOpen = false;
    this.release();
  }
}

function ignore(): void {
  // Whoever asked for the work hears of its failure.
}
