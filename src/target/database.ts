import { AsyncLocalStorage } from 'node:async_hooks';
import type { DuckDBAppender, DuckDBConnection, DuckDBType } from '@duckdb/node-api';
import { toError } from '../common/errors.js';
import { Turns } from '../common/turns.js';
import { Attendant } from './attendant.js';
import { AutomaticCheckpoints } from './automatic-checkpoints.js';
import { CriticalWork } from './critical-work.js';
import {
  type DatabaseOptions,
  isFree,
  openAgain,
  type OpenedFile,
  openFile,
} from './duckdb-file.js';
import { translateTargetError } from './errors.js';
import { acquireLock, type FileLock } from './lock-file.js';
import type { MemoryLimit, MoreMemory } from './memory-limit.js';
import type { OpenReader } from './open-reader.js';
import { OpenTransaction } from './open-transaction.js';
import { type BorrowedReader, ReaderConnections } from './reader-connections.js';
import { ReaderGate } from './reader-gate.js';
import { Rollback } from './rollback.js';
import { RowAppender } from './row-appender.js';
import { ENDED_QUERIES, RunningQueries } from './running-queries.js';
import type { StagingLane } from './staging-lane.js';
import { workFile } from './work-files.js';

export type { DatabaseOptions };

/** For readers to end when the file is closed; shorter than a service has for its stop. */
const ENDING_MS = 3000;

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
  /** Clients who change tables of their own beside the writer. */
  readonly clientWriters = new ReaderGate();
  /** Their transactions, from their beginning to their COMMIT. */
  readonly clientTransactions = new ReaderGate();
  /** What the file is called while it is written anew: the one file beside it that may be opened. */
  readonly compactedPath: string;
  private readonly extra = new Set<DuckDBConnection>();
  private readonly readers: ReaderConnections;
  private readonly attendant: Attendant;
  readonly queries = new RunningQueries();
  /** Tells what belongs to the open transaction from what other tasks do meanwhile. */
  private readonly transactions = new AsyncLocalStorage<Scope>();
  private readonly writing = new Turns(1);
  /** What must not lack memory half-way. */
  readonly critical: CriticalWork;
  private readonly rollback = new Rollback(
    () => this.runNow('ROLLBACK'),
    (work) => this.critical.rollBack(work),
  );
  private writesUnderWay = 0;
  private writes = 0;

  private constructor(
    private readonly options: DatabaseOptions,
    private readonly lock: FileLock,
    private opened: OpenedFile,
  ) {
    this.compactedPath = workFile(options.path, 'compact');
    this.readers = new ReaderConnections({
      connect: () => this.connect(),
      close: (connection) => this.disconnect(connection),
    });
    this.attendant = new Attendant({
      connect: () => this.connect(),
      guard: (work) => this.guard(work),
      gate: this.readers.gate,
      memoryLimit: opened.memoryLimit,
      ownFile: this.compactedPath,
    });
    const { readers, queries, memory } = this;
    this.critical = new CriticalWork({ readers, queries, memory });
  }

  static async open(options: DatabaseOptions): Promise<Database> {
    const lock = await acquireLock(options.path, options.owner, () => isFree(options));
    try {
      return new Database(options, lock, await openFile(options));
    } catch (error) {
      await lock.release();
      throw translateTargetError(error, options.path);
    }
  }

  get memory(): MemoryLimit {
    return this.attendant.memory;
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
    const run = (): Promise<void> => this.runNow(sql, values);
    // What is no part of a transaction is one itself.
    await this.exclusively(this.scope === null ? () => this.critical.end(run) : run);
  }

  /** The same for a statement that has to do with temporary tables alone: no reader knows of them. */
  async runTemporary(sql: string): Promise<void> {
    await this.exclusively(() => this.runNow(sql));
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
    if (this.scope !== null) throw new Error('a transaction is open already');
    const scope: Scope = { isOpen: true, turns: new Turns(1) };
    const inScope = <T>(work: () => Promise<T>): Promise<T> => this.transactions.run(scope, work);
    return new Promise((resolve, reject) => {
      const turn = this.exclusively(
        () =>
          new Promise<void>((release) => {
            const end = (): void => {
              scope.isOpen = false;
              release();
            };
            const statements = {
              commit: () => this.exclusively(() => this.critical.end(() => this.runNow('COMMIT'))),
              rollback: () => this.exclusively(() => this.rollback.run()),
            };
            const begun = inScope(() => this.run('BEGIN TRANSACTION'));
            begun.then(
              () => {
                resolve(new OpenTransaction(inScope, statements, end));
              },
              (error: unknown) => {
                this.rollback.afterFailure(error);
                end();
                reject(toError(error));
              },
            );
          }),
      );
      turn.catch(reject);
    });
  }

  /** The transaction that the caller is a part of; what outlives it is no part of another one. */
  private get scope(): Scope | null {
    const scope = this.transactions.getStore();
    return scope?.isOpen === true ? scope : null;
  }

  /**
   * Has the writer connection to itself: within a transaction, which has it already, after the
   * statements that were asked for before; else in turn with others. Not reentrant.
   */
  async exclusively<T>(work: () => Promise<T> | T): Promise<T> {
    const { scope } = this;
    if (scope === null) return this.writing.run(null, () => this.countWrites(work));
    // Its end may come before the turn does: then it waits with the others.
    const within = await scope.turns.run(null, async () =>
      scope.isOpen ? { result: await work() } : null,
    );
    return within === null ? this.exclusively(work) : within.result;
  }

  /**
   * Names what the writer has committed, for what is remembered of it; null while it may be about to
   * commit. Transactions of clients, which can't touch Ducktail's tables, don't count.
   */
  get committedState(): number | null {
    return this.writesUnderWay > 0 ? null : this.writes;
  }

  private async countWrites<T>(work: () => Promise<T> | T): Promise<T> {
    this.writesUnderWay++;
    try {
      return await this.rollback.before(work);
    } finally {
      this.writes++;
      this.writesUnderWay--;
    }
  }

  /** The same for several statements, none of them in a transaction: what is open has ended. */
  withWriter<T>(work: () => Promise<T>): Promise<T> {
    if (this.scope !== null) throw new Error('the writer is taken by the caller already');
    const scope: Scope = { isOpen: true, turns: new Turns(1) };
    return this.exclusively(async () => {
      try {
        return await this.transactions.run(scope, work);
      } finally {
        scope.isOpen = false;
      }
    });
  }

  /**
   * Runs `prepare` when nobody reads any more, and `replace` while no instance has the file, and opens
   * what is there then. For the holder of the writer, with nothing of this process's that outlives it
   * in the instance: temporary tables and settings are gone. Waits for readers that are at work,
   * `patienceMs` at most, and lets others wait; an abort ends the waiting.
   */
  async reopen(
    { prepare, replace }: { prepare: () => Promise<void>; replace: () => Promise<void> },
    patienceMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    const otherwise = `queries are still reading ${this.path}`;
    using _gate = await this.readers.gate.close(patienceMs, otherwise, signal);
    await prepare();
    this.close();
    this.idleLanes.length = 0;
    this.readers.forgetIdle();
    try {
      await replace();
    } finally {
      this.opened = await openAgain(this.options);
      await this.attendant.settle();
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

  /** False where it was closed with the rest. */
  private disconnect(connection: DuckDBConnection): boolean {
    const isOpen = this.extra.delete(connection);
    if (isOpen) connection.closeSync();
    return isOpen;
  }

  /** A connection for reading beside the writer, until it is closed. */
  connectReader(): Promise<OpenReader> {
    return this.readers.open();
  }

  /** The same for one that leaves nothing on its connection; see `ReaderConnections`. */
  borrowReader(): Promise<BorrowedReader> {
    return this.readers.borrow();
  }

  /** The same for work of our own, which nobody ends. */
  connectBeside(): Promise<{ connection: DuckDBConnection; close: () => void }> {
    return this.readers.connect();
  }

  get openReaders(): Iterable<OpenReader> {
    return this.readers.all;
  }

  /** For how long the oldest reader has been connected; 0: there is none. */
  get oldestReaderSeconds(): number {
    return this.readers.oldestSeconds;
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
   * For work that lacked memory: ends clients' queries, which may be what took it, or doubles DuckDB's
   * limit, for a table that can't be copied at all is worse than one that takes more memory than
   * wished. Null where the machine has no more to give.
   */
  async provideMemory(): Promise<MoreMemory | null> {
    if (await this.queries.end()) return ENDED_QUERIES;
    const more = await this.memory.double();
    if (more !== null) this.critical.expectLargeValues();
    return more;
  }

  /**
   * From here on DuckDB opens no file but its own and those in the folders, and no address of the
   * network, whoever asks: for good, there is no way back. Its settings are locked but for those that a
   * running service changes.
   */
  async denyFiles(folders: readonly string[]): Promise<void> {
    await this.attendant.denyFiles(folders);
  }

  /** What is on disk because it does not fit into memory. */
  temporaryBytes(): Promise<number> {
    return this.attendant.temporaryBytes();
  }

  /**
   * Raises DuckDB's memory limit to what filling a table of so many columns takes, where it is
   * lower. Resolves to the new limit, or null where it stays.
   */
  provideForColumns(columns: number): Promise<string | null> {
    return this.memory.provideFor({ columns });
  }

  /** The same for so many tables of which rows change. */
  provideForTables(tables: number): Promise<string | null> {
    return this.memory.provideFor({ tables });
  }

  /** Runs `work` with all the memory that DuckDB may ever have. */
  withAllMemory<T>(work: () => Promise<T>): Promise<T> {
    return this.critical.runWithAll(work);
  }

  /** For whoever has the writer connection to itself. */
  private async runNow(sql: string, values: readonly SqlValue[] = []): Promise<void> {
    await this.guard(() => this.writer.run(sql, [...values]));
  }

  async guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw translateTargetError(error, this.path);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // What is not closed ends with the process, which is about to.
    if (await this.readers.end(ENDING_MS, this.path)) this.close();
    await this.lock.release();
  }

  private close(): void {
    for (const connection of this.extra) connection.closeSync();
    this.extra.clear();
    this.writer.closeSync();
    this.opened.instance.closeSync();
  }
}

/** What a transaction's statements have in common. */
interface Scope {
  isOpen: boolean;
  readonly turns: Turns;
}
