import type { ColumnBatch } from '../batch/column-batch.js';
import { type DucktailError, hasCode } from '../common/errors.js';
import type { Checkpoint } from '../model/checkpoint.js';
import type { ForeignKey } from '../model/foreign-key.js';
import type { ObservedCommit, ObservedRows } from '../model/observers.js';
import type { ParentRows } from '../source/binlog-protocol.js';
import { recordQuarantine } from '../state/quarantine.js';
import { recordStreamPosition } from '../state/stream.js';
import { addRows, type AppliedRows, NO_ROWS } from '../target/change-stage.js';
import type { Database } from '../target/database.js';
import type { MoreMemory } from '../target/memory-limit.js';
import type { OpenTransaction } from '../target/open-transaction.js';
import { ENDED_QUERIES } from '../target/running-queries.js';
import { WAL_LIMITS, WalKeeper, type WalLimits } from '../target/wal-keeper.js';
import { AppliedTables, type AppliedTableSpec } from './applied-tables.js';
import type { CascadeCounts, ChildRejections } from './cascades.js';
import type { ApplyHooks } from './hooks.js';
import { carryOutStaged } from './parent-changes.js';

/** The state of the tables (rows, rejected values) is not written more often than that. */
const COUNTS_INTERVAL_MS = 5_000;
/** Nor so often that counting takes more than 2 % of the time. */
const COUNTS_SHARE = 0.02;
/** Of a commit that lacks memory; then the stream is begun anew. */
const MAX_ATTEMPTS = 5;

export interface ChangeApplierOptions {
  readonly database: Database;
  readonly targetSchema: string;
  /** MySQL: server_uuid; MariaDB: server and domain id. */
  readonly sourceIdentity: string;
  readonly hooks?: ApplyHooks;
  readonly walLimits?: WalLimits | undefined;
  /** Told of each reader that was ended, because the replica could not bear it any longer. */
  readonly onReaderEnded?: (reason: DucktailError) => void;
  /** Told where a commit is tried again, with the memory that clients' queries had. */
  readonly onMemoryProvided?: (more: MoreMemory) => void;
  /** Told what each commit came to. */
  readonly onCommitted?: (commit: ObservedCommit) => void;
}

export interface CommitPosition {
  readonly checkpoint: Checkpoint;
  /** When the last transaction was committed at the source; null: not known. */
  readonly sourceTimeMs: number | null;
}

/** What a commit came to. */
export interface CommittedChanges {
  /** By the tables' ids; without those that did not change. */
  readonly applied: ReadonlyMap<number, AppliedRows>;
  /** Tables that could not be applied: from this commit on they are left as they are. */
  readonly quarantined: readonly { readonly id: number; readonly error: DucktailError }[];
}

/**
 * Applies what the stream brings, on the writer connection: changes are staged as they come, and a
 * commit takes all of them into the tables together with the position they reach. Within a huge
 * source transaction `portion` applies without a commit.
 *
 * Between `portion` and `commit` or `discard` a transaction is open on the writer connection, for
 * whose end other writers wait.
 */
export class ChangeApplier implements AsyncDisposable {
  private readonly tables: AppliedTables;
  private transaction: OpenTransaction | null = null;
  /** What the portions of the open transaction came to; null: there were none. */
  private portions: Map<number, AppliedRows> | null = null;
  /** When the state is next told of the tables' rows. */
  private countsDueMs = -Infinity;
  /** What applying has taken since the last commit. */
  private workMs = 0;
  /** When it is due again, where the open transaction writes that record. */
  private nextCountsMs: number | null = null;

  private constructor(
    private readonly options: ChangeApplierOptions,
    private readonly wal: WalKeeper,
  ) {
    this.tables = new AppliedTables(options.database, options.targetSchema);
  }

  static async open(options: ChangeApplierOptions): Promise<ChangeApplier> {
    const { database, walLimits = WAL_LIMITS, onReaderEnded } = options;
    const wal = await WalKeeper.open(database, walLimits, onReaderEnded);
    return new ChangeApplier(options, wal);
  }

  /**
   * From here on these tables are streamed: others are let go with what is staged of them. An id
   * stands for a plan.
   */
  async setTables(tables: readonly AppliedTableSpec[]): Promise<void> {
    if (this.transaction !== null) throw new Error('tables were changed within a transaction');
    await this.tables.set(tables);
  }

  /** Copies the rows: the batch's buffers are free when it resolves. */
  async stage(tableId: number, batch: ColumnBatch): Promise<void> {
    // A table in quarantine has been let go, and its changes come until the stream knows.
    const table = this.tables.get(tableId);
    if (table === undefined) return;
    const isWaiting = this.tables.isWaiting(tableId);
    await this.alone(() => {
      if (isWaiting) table.appendFurther(batch);
      else table.append(batch);
    });
  }

  /**
   * Within the transaction that puts a table's copy in its place: applies what came since. Resolves
   * to what that was.
   */
  async applyStaged(tableId: number): Promise<ObservedRows[]> {
    const table = this.tables.get(tableId);
    if (table === undefined) return [];
    table.flush();
    await table.reload();
    const rows = table.hasChanges ? await table.apply() : null;
    await table.clear(true);
    this.tables.noteChanged(tableId);
    return rows === null ? [] : [{ table: table.name, ...rows, bytes: table.takeBytes() }];
  }

  /** Applies what is staged, and does not commit it. After an error only `discard` is left. */
  async portion(): Promise<void> {
    await this.applyPortion(() => Promise.resolve(new Map<number, AppliedRows>()));
    // Else it stays with DuckDB's allocator: two million changes took 490 instead of 400 MB resident,
    // and 0.2 s less. Where memory is short, the next portion says so.
    await this.options.database.memory.flush().catch(() => undefined);
  }

  /**
   * The same, and does to other tables what the foreign keys did when these rows changed. Resolves to
   * what happened, by the tables' names.
   */
  async cascade(
    { table, fromSeq }: ParentRows,
    foreignKeys: readonly ForeignKey[],
  ): Promise<ReadonlyMap<string, CascadeCounts>> {
    const { database, targetSchema } = this.options;
    let counts = new Map<string, CascadeCounts>();
    await this.applyPortion(async () => {
      const parent = this.tables.get(table);
      if (parent === undefined) return new Map();
      const { name, stage } = parent;
      const staged = { name, stage, fromSeq };
      counts = await carryOutStaged(
        database,
        targetSchema,
        foreignKeys,
        staged,
        this.childRejections,
      );
      return this.byId(counts);
    });
    return counts;
  }

  /** `afterwards` may still read the stages; resolves to what it did, by the tables' ids. */
  private async applyPortion(afterwards: () => Promise<Map<number, AppliedRows>>): Promise<void> {
    const { database, hooks } = this.options;
    const startMs = performance.now();
    await this.flush();
    await hooks?.beforeApply?.();
    this.transaction ??= await database.begin();
    await this.transaction.within(async () => {
      this.portions ??= new Map<number, AppliedRows>();
      const applied = await this.tables.apply();
      const others = await afterwards();
      for (const [id, rows] of [...applied, ...others]) {
        this.portions.set(id, addRows(this.portions.get(id) ?? NO_ROWS, rows));
      }
      for (const id of applied.keys()) await this.tables.get(id)?.clear(true);
    });
    this.workMs += performance.now() - startMs;
  }

  private byId(counts: ReadonlyMap<string, CascadeCounts>): Map<number, AppliedRows> {
    const applied = new Map<number, AppliedRows>();
    for (const [name, { updated, deleted }] of counts) {
      const id = this.tables.idOf(name);
      if (id !== null) applied.set(id, { inserted: 0, updated, deleted });
    }
    return applied;
  }

  private readonly childRejections: ChildRejections = {
    forgetRows: (table, rows) => this.tables.find(table)?.forgetRows(rows) ?? Promise.resolve([]),
    moveRows: (table, columns) => this.tables.find(table)?.moveRows(columns) ?? [],
  };

  /**
   * Applies what is staged, records the position in the same transaction, runs `also` within it and
   * commits. A table that fails is put into quarantine, and the others are applied without it; where
   * clients' queries have the memory for it, they are ended. Neither after a `portion`, which can't be
   * applied once more.
   */
  async commit(position: CommitPosition, also?: () => Promise<void>): Promise<CommittedChanges> {
    const startMs = performance.now();
    await this.flush();
    const { database, hooks } = this.options;
    await hooks?.beforeApply?.();
    const quarantined: { id: number; error: DucktailError }[] = [];
    for (let attempt = 1; ; attempt++) {
      this.transaction ??= await database.begin();
      const { transaction } = this;
      let isApplied = false;
      try {
        const applied = await transaction.within(() => this.apply(position, quarantined, also));
        isApplied = true;
        await transaction.commit();
        this.workMs += performance.now() - startMs;
        await this.committed(applied, position);
        return { applied, quarantined };
      } catch (error) {
        // What became of a COMMIT that failed, the position that is on record says to the next attempt.
        const canRepeat = this.portions === null && !isApplied;
        const hasMemory = canRepeat && attempt < MAX_ATTEMPTS && (await this.endQueries(error));
        const id = canRepeat ? this.failedTable(error) : null;
        await this.rollback();
        if (id !== null) {
          quarantined.push({ id, error: error as DucktailError });
          await this.tables.drop(id);
        } else if (!hasMemory) throw error;
      }
    }
  }

  /** While nothing comes: brings the record of the tables' rows up to date. */
  async settle(): Promise<void> {
    if (this.transaction !== null || !this.tables.hasUncounted) return;
    await this.options.database.transaction(() => this.tables.record());
    this.tables.counted();
  }

  /** The rows of the table were changed otherwise, in the open transaction. */
  noteChanged(tableId: number): void {
    this.tables.noteChanged(tableId);
  }

  /** The rows of the table, and what is on record of its rejected values, were changed otherwise. */
  async reload(tableId: number): Promise<void> {
    this.tables.noteChanged(tableId);
    await this.tables.get(tableId)?.reload();
  }

  /** The stream failed: nothing of what was not committed is left. */
  async discard(): Promise<void> {
    await this.rollback();
    this.workMs = 0;
    await this.tables.reset();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.rollback();
    await this.settle();
    await this.tables.dropAll();
    await this.wal[Symbol.asyncDispose]();
  }

  /** Another task's transaction must not take what the Appender writes with it when it fails. */
  private alone(work: () => void): Promise<void> {
    const run = (): Promise<void> => this.options.database.exclusively(work);
    return this.transaction?.within(run) ?? run();
  }

  private flush(): Promise<void> {
    return this.alone(() => {
      this.tables.flush();
    });
  }

  private async apply(
    position: CommitPosition,
    quarantined: CommittedChanges['quarantined'],
    also?: () => Promise<void>,
  ): Promise<Map<number, AppliedRows>> {
    const { database, targetSchema, sourceIdentity, hooks } = this.options;
    const applied = await this.tables.apply();
    for (const [id, rows] of this.portions ?? []) {
      applied.set(id, addRows(applied.get(id) ?? NO_ROWS, rows));
    }
    for (const { error } of quarantined) {
      await recordQuarantine(database, targetSchema, error.table ?? '', error.message);
    }
    await recordStreamPosition(database, targetSchema, { sourceIdentity, ...position });
    for (const id of applied.keys()) this.tables.noteChanged(id);
    const startMs = performance.now();
    this.nextCountsMs = null;
    if (this.tables.hasUncounted && startMs >= this.countsDueMs) {
      await this.tables.record();
      const takenMs = performance.now() - startMs;
      this.nextCountsMs = startMs + Math.max(COUNTS_INTERVAL_MS, takenMs / COUNTS_SHARE);
    }
    await also?.();
    await hooks?.beforeCommit?.();
    return applied;
  }

  private async committed(
    applied: ReadonlyMap<number, AppliedRows>,
    { sourceTimeMs }: CommitPosition,
  ): Promise<void> {
    this.transaction = null;
    this.portions = null;
    if (this.nextCountsMs !== null) {
      this.tables.counted();
      this.countsDueMs = this.nextCountsMs;
    }
    await this.options.hooks?.afterCommit?.();
    const tables: ObservedRows[] = [];
    for (const [id, rows] of applied) {
      const table = this.tables.get(id);
      if (table === undefined) continue;
      tables.push({ table: table.name, ...rows, bytes: table.takeBytes() });
      await this.tables.clear(id);
    }
    this.options.onCommitted?.({ tables, seconds: this.workMs / 1000, sourceTimeMs });
    this.workMs = 0;
    await this.wal.afterCommit();
  }

  private async rollback(): Promise<void> {
    if (this.transaction === null) return;
    await this.transaction.rollback();
    this.transaction = null;
    this.portions = null;
    await this.tables.reload();
  }

  /** True where the error is a lack of memory that queries had. */
  private async endQueries(error: unknown): Promise<boolean> {
    const { database, onMemoryProvided } = this.options;
    if (!hasCode(error, 'target-memory') || !(await database.queries.end())) return false;
    onMemoryProvided?.(ENDED_QUERIES);
    return true;
  }

  private failedTable(error: unknown): number | null {
    if (!hasCode(error, 'table-failed')) return null;
    return error.table === undefined ? null : this.tables.idOf(error.table);
  }
}
