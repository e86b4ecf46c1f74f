import { AsyncLocalStorage } from 'node:async_hooks';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBInstance,
  type DuckDBType,
} from '@duckdb/node-api';
import { DucktailError, toError } from '../common/errors.js';
import { quoteDuckdbText } from '../common/identifiers.js';
import { Turns } from '../common/turns.js';
import { translateTargetError } from './errors.js';
import { acquireLock, type FileLock } from './lock-file.js';
import { MemoryLimit } from './memory-limit.js';
import { OpenReader } from './open-reader.js';
import { ReadingConnection } from './reading-connection.js';
import { OpenTransaction } from './open-transaction.js';
import { RowAppender } from './row-appender.js';
import { RunningQueries } from './running-queries.js';
import type { StagingLane } from './staging-lane.js';

export interface DatabaseOptions {
  readonly path: string;
  /** DuckDB's notation, such as `256MB`. */
  readonly memoryLimit: string;
  /** null: one per core. */
  readonly threads: number | null;
  /** What this process is, for the message that another one gets: `ducktail sync`. */
  readonly owner: string;
}

/**
 * New files get this version, so that files don't depend on the DuckDB that made them. Later ones
 * compress strings by DICT_FSST alone: 40,000 texts of 8 KB took it 16.5 instead of 2.1 s, 2 million
 * rows of short ones 1.6 instead of 1.3 s of CPU (with `chooseFsstColumns`), for larger files.
 */
const STORAGE_VERSION = 'v1.2.0';

/** Connections that wait for their next reader. */
const IDLE_READERS = 8;

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
  private readonly extra = new Set<DuckDBConnection>();
  private readonly readers = new Set<OpenReader>();
  /** Connections of readers that have ended, in no transaction, with what is prepared on them. */
  private readonly idleReaders: ReadingConnection[] = [];
  readonly queries = new RunningQueries();
  /** A connection for settings and looks at DuckDB itself, which wait for nobody. */
  private attendant: Promise<DuckDBConnection> | null = null;
  private needsCheckpointMemory = false;
  /** Tells what belongs to the open transaction from what other tasks do meanwhile. */
  private readonly transactions = new AsyncLocalStorage<Scope>();
  private readonly writing = new Turns(1);
  private writesUnderWay = 0;
  private writes = 0;
  readonly memory: MemoryLimit;

  private constructor(
    readonly path: string,
    private readonly instance: DuckDBInstance,
    private readonly lock: FileLock,
    private readonly writer: DuckDBConnection,
    /** The name DuckDB has given the file; part of every name, because a schema may be called the same. */
    readonly catalog: string,
    readonly threads: number,
    /** Whether columns can be given FSST: not in files of a later storage version. */
    readonly compressesFsst: boolean,
    memoryLimit: string,
  ) {
    this.memory = new MemoryLimit(memoryLimit, (sql) => this.attend(sql));
  }

  static async open(options: DatabaseOptions): Promise<Database> {
    const lock = await acquireLock(options.path, options.owner, () => isFree(options));
    try {
      const instance = await DuckDBInstance.create(options.path, instanceSettings(options));
      const writer = await instance.connect();
      // Texts of TIMESTAMPTZ values must not depend on where this runs.
      await writer.run(`SET GLOBAL TimeZone = 'UTC'`);
      const reader = await writer.runAndReadAll(
        `SELECT database_name, current_setting('threads'), tags['storage_version'],
                current_setting('memory_limit')
          FROM duckdb_databases() WHERE database_name = current_database()`,
      );
      const [[catalog, threads, storage, memory]] = reader.getRowsJson() as string[][];
      return new Database(
        options.path,
        instance,
        lock,
        writer,
        catalog,
        Number(threads),
        /^v1\.[0-2]\./.test(storage),
        memory,
      );
    } catch (error) {
      await lock.release();
      throw translateTargetError(error, options.path);
    }
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

  /** The transaction that the caller is a part of; what outlives it is no part of another one. */
  private get scope(): Scope | null {
    const scope = this.transactions.getStore();
    return scope?.isOpen === true ? scope : null;
  }

  /**
   * Has the writer connection to itself: within a transaction, which has it already, after the
   * statements that were asked for before; else in turn with others. Not reentrant.
   */
  async exclusively<T>(work: () => Promise<T>): Promise<T> {
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

  private async countWrites<T>(work: () => Promise<T>): Promise<T> {
    this.writesUnderWay++;
    try {
      return await work();
    } finally {
      this.writes++;
      this.writesUnderWay--;
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
    const connection = await this.guard(() => this.instance.connect());
    this.extra.add(connection);
    return connection;
  }

  /** A connection for reading beside the writer, until it is closed. */
  async connectReader(): Promise<OpenReader> {
    return this.addOpenReader(await this.connect());
  }

  /**
   * The same for one that leaves nothing on its connection but what is prepared, and was in no
   * transaction for as long as it waited: opening one takes as long as a small query.
   */
  async borrowReader(): Promise<BorrowedReader> {
    const reading = this.idleReaders.pop() ?? new ReadingConnection(await this.connect());
    const opened = this.addOpenReader(reading.connection);
    const giveBack = (): void => {
      const isWanted = this.extra.has(reading.connection) && this.idleReaders.length < IDLE_READERS;
      if (!isWanted) opened.close();
      else if (this.readers.delete(opened)) this.idleReaders.push(reading);
    };
    return { opened, reading, giveBack };
  }

  private addOpenReader(connection: DuckDBConnection): OpenReader {
    const reader = new OpenReader(connection, () => {
      this.readers.delete(reader);
      // Whoever is late finds it closed with the rest.
      if (this.extra.delete(connection)) connection.closeSync();
    });
    this.readers.add(reader);
    return reader;
  }

  get openReaders(): Iterable<OpenReader> {
    return this.readers;
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
    // They may be what took it.
    if (await this.queries.end()) return this.memory.text;
    const raised = await this.memory.double();
    if (raised !== null) this.expectLargeValues();
    return raised;
  }

  /**
   * From here on DuckDB opens no file but its own and those in the folders, and no address of the
   * network, whoever asks: for good, there is no way back. Settings are not locked: the memory limit
   * and others are changed while a service runs; clients' statements are SELECTs or changes of tables.
   */
  async denyFiles(folders: readonly string[]): Promise<void> {
    const list = folders.map((folder) => quoteDuckdbText(join(folder, '/'))).join(', ');
    await this.attend(`SET GLOBAL allowed_directories = [${list}]`);
    await this.attend('SET GLOBAL autoinstall_known_extensions = false');
    await this.attend('SET GLOBAL autoload_known_extensions = false');
    await this.attend('SET GLOBAL allow_community_extensions = false');
    await this.attend('SET GLOBAL allow_persistent_secrets = false');
    await this.attend('SET GLOBAL enable_external_access = false');
  }

  /** What is on disk because it does not fit into memory. */
  async temporaryBytes(): Promise<number> {
    const [{ bytes }] = await this.attend(
      'SELECT coalesce(sum(size), 0)::DOUBLE AS bytes FROM duckdb_temporary_files()',
    );
    return Number(bytes);
  }

  /** Runs a statement about DuckDB itself, beside whatever transaction is open. */
  private async attend(sql: string): Promise<Row[]> {
    this.attendant ??= this.connect();
    const connection = await this.attendant;
    const reader = await this.guard(() => connection.runAndReadAll(sql));
    return reader.getRowObjectsJson();
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
    if (!this.needsCheckpointMemory && this.readers.size === 0) return work();
    return this.memory.withAll(work);
  }

  async guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw translateTargetError(error, this.path);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.extra) connection.closeSync();
    this.extra.clear();
    this.writer.closeSync();
    this.instance.closeSync();
    await this.lock.release();
  }
}

export interface BorrowedReader {
  readonly opened: OpenReader;
  readonly reading: ReadingConnection;
  /** After its transaction; a reader that failed is closed instead. */
  readonly giveBack: () => void;
}

/** What a transaction's statements have in common. */
interface Scope {
  isOpen: boolean;
  readonly turns: Turns;
}

/** Whether DuckDB's own lock can be had, which ends with the process that holds it. */
async function isFree(options: DatabaseOptions): Promise<boolean> {
  if (!existsSync(options.path)) return true;
  try {
    const instance = await DuckDBInstance.create(options.path, instanceSettings(options));
    instance.closeSync();
    return true;
  } catch (error) {
    const failure = translateTargetError(error, options.path);
    if (failure instanceof DucktailError && failure.code === 'target-busy') return false;
    throw failure;
  }
}

function instanceSettings(options: DatabaseOptions): Record<string, string> {
  return {
    memory_limit: options.memoryLimit,
    storage_compatibility_version: STORAGE_VERSION,
    // A row group is written when it is full: five of them waiting in each lane took 65 MB more.
    write_buffer_row_group_count: '1',
    ...(options.threads === null ? {} : { threads: String(options.threads) }),
  };
}
