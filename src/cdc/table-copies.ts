import { setTimeout as delay } from 'node:timers/promises';
import { DucktailError, errorMessage } from '../common/errors.js';
import type { TablePlan } from '../model/column-plan.js';
import { type Checkpoint, includesCheckpoint } from '../model/checkpoint.js';
import type { CopyTurns, OpenedSnapshot } from '../model/copy-turns.js';
import { withDependents } from '../model/foreign-key.js';
import type { ObservedRows } from '../model/observers.js';
import { recordStreamMembers } from '../state/checkpoints.js';
import { readParkedXids } from '../state/parked-transactions.js';
import { recordQuarantine, releaseQuarantine } from '../state/quarantine.js';
import { forgetTable } from '../state/replicated-tables.js';
import { recordXaDoubt } from '../state/xa-doubts.js';
import { tableExists } from '../target/ddl.js';
import type { Boundary } from './boundary.js';
import type { CdcContext } from './context.js';
import type { StreamTables } from './stream-tables.js';

const PASSED_POLL_MS = 50;
const MAX_MENDINGS = 3;
const MENDING_PERIOD_MS = 10 * 60 * 1000;

/**
 * Copies tables again beside the running stream. The stream is held for as long as opening the
 * snapshot takes, so that it can't pass the snapshot's position unawares; from then on the table's
 * further changes are staged, and applied in the transaction of the cutover.
 */
export class TableCopies implements AsyncDisposable {
  private readonly stop = new AbortController();
  /** One after the other: each takes all readers and DuckDB's threads. */
  private last: Promise<void> = Promise.resolve();
  /** The copy that has not begun yet, of the tables that are wanted. */
  private next: Promise<void> | null = null;
  private readonly wanted = new Set<string>();
  private underWay = 0;
  /** Changes that the latest cutover has applied. */
  private joined: ObservedRows[] = [];
  private isAwaitingStream = false;
  /** When tables were copied because their changes could not be applied, in ms of this process. */
  private readonly mended = new Map<string, number[]>();

  constructor(
    private readonly context: CdcContext,
    private readonly tables: StreamTables,
    private readonly boundary: Boundary,
    /** How far the stream is applied. */
    private readonly reached: () => Checkpoint | null,
  ) {}

  /**
   * Within the caller's transaction: the tables, and those that change with them by foreign keys,
   * take no part any more until they were copied. It is durable, so that a crash before that leads
   * to a copy at the next start.
   */
  async leaveOut(names: readonly string[], why: string): Promise<void> {
    const { database, targetSchema, observer } = this.context;
    for (const name of withDependents(names, this.tables.foreignKeys)) {
      const reason = `it is to be copied again: ${why}`;
      await recordQuarantine(database, targetSchema, name, reason);
      this.tables.remove(name);
      observer?.quarantined(name, reason);
    }
    await this.recordTables();
  }

  /**
   * Copies tables whose changes could not be applied, unless that has happened too often of late: a
   * copy does not help them then.
   */
  mend(names: readonly string[]): Promise<void> {
    const hopeful = names.filter((name) => this.isHopeful(name));
    for (const name of names) {
      if (!hopeful.includes(name)) this.tellQuarantine(name, 'copies of it did not help');
    }
    return this.copy(hopeful);
  }

  private isHopeful(name: string): boolean {
    const now = performance.now();
    const recent = (this.mended.get(name) ?? []).filter((at) => now - at < MENDING_PERIOD_MS);
    this.mended.set(name, [...recent, now]);
    return recent.length < MAX_MENDINGS;
  }

  /**
   * Resolves when the tables are cut over, or are left in quarantine. Those that are asked for while
   * a copy is under way are copied together, once: a burst of statements takes two copies.
   */
  copy(names: readonly string[]): Promise<void> {
    if (names.length === 0) return this.last;
    for (const name of names) this.wanted.add(name);
    this.next ??= this.copyNext();
    this.last = this.next;
    return this.last;
  }

  get isIdle(): boolean {
    return this.underWay === 0;
  }

  /** A copy can't be cut over before the stream has come further. */
  get needsStream(): boolean {
    return this.isAwaitingStream;
  }

  private async copyNext(): Promise<void> {
    this.underWay += 1;
    try {
      await this.last;
      const names = [...this.wanted];
      this.wanted.clear();
      this.next = null;
      await this.copyNow(names);
    } finally {
      this.underWay -= 1;
    }
  }

  private async copyNow(names: readonly string[]): Promise<void> {
    const { context, stop } = this;
    if (stop.signal.aborted) return;
    try {
      const selected = await context.selectTables();
      // What the stream told of a table until its copy can't be told of those that depend on it.
      const all = withDependents(names, (await context.readForeignKeys(selected)) ?? []);
      const plans = await this.present(all, selected);
      const copied = plans.length === 0 ? [] : await context.copyTables(plans, this.turns());
      const missing = plans.filter(({ schema }) =>
        copied.every((plan) => plan.schema.name !== schema.name),
      );
      // What was dropped meanwhile has not failed.
      if (missing.length > 0) {
        const names = missing.map(({ schema }) => schema.name);
        const failed = await this.present(names, await context.selectTables());
        await this.leaveMissing(failed.map(({ schema }) => schema.name));
      }
    } catch (error) {
      if (stop.signal.aborted) return;
      context.reporter.warning(`${names.join(', ')}: ${errorMessage(error)}`);
      // Where even that fails, the stream does, too.
      await this.leaveMissing(names).catch(() => undefined);
    }
  }

  /** Those that the source has now. Of the others the stream has yet to tell, or has told already. */
  private async present(
    names: readonly string[],
    plans: readonly TablePlan[],
  ): Promise<TablePlan[]> {
    const { database, targetSchema } = this.context;
    const gone = names.filter((name) => plans.every(({ schema }) => schema.name !== name));
    if (gone.length > 0) {
      await database.transaction(async () => {
        for (const name of gone) {
          this.tables.remove(name);
          if (await tableExists(database, targetSchema, name)) {
            await releaseQuarantine(database, targetSchema, name);
          } else {
            await forgetTable(database, targetSchema, name);
          }
        }
      });
    }
    return plans.filter(({ schema }) => names.includes(schema.name));
  }

  private turns(): CopyTurns {
    const { boundary, tables } = this;
    const { observer } = this.context;
    let settledAt: Checkpoint | null = null;
    return {
      snapshot: (plans, open) =>
        boundary.run(async () => {
          const snapshot = await open(this.reached());
          settledAt = snapshot.unlocked?.settledAt ?? null;
          if (snapshot.checkpoint === null) throw noHandOver(snapshot);
          for (const plan of plans) tables.add(plan, snapshot.checkpoint, true);
          const { readForeignKeys } = this.context;
          tables.useForeignKeys(await readForeignKeys(tables.all.map(({ plan }) => plan)));
          // What is copied though it was live is left behind by the stream from here on.
          await this.recordBeginning(plans, snapshot);
          await this.context.applier.setTables(tables.all);
          return snapshot;
        }),
      cutover: async (cut) => {
        if (settledAt !== null) await this.passed(settledAt);
        await boundary.run(async () => {
          const startMs = performance.now();
          this.joined = [];
          await cut();
          const seconds = (performance.now() - startMs) / 1000;
          observer?.committed({ tables: this.joined, seconds, sourceTimeMs: null });
          await this.context.applier.setTables(tables.all);
        });
      },
      afterSwap: (plans) => this.join(plans),
      signal: this.stop.signal,
    };
  }

  /**
   * From here on the stream's position says nothing of these tables, whose changes are only staged:
   * after a crash they are copied anew.
   */
  private async recordBeginning(
    plans: readonly TablePlan[],
    { unlocked }: OpenedSnapshot,
  ): Promise<void> {
    const { database, targetSchema } = this.context;
    const names = plans.map(({ schema }) => schema.name);
    const parked = await readParkedXids((sql) => database.rows(sql));
    await database.transaction(async () => {
      await this.recordTables();
      await recordXaDoubt(database, targetSchema, names, unlocked, [...parked]);
    });
  }

  /** Resolves when the stream has brought everything up to there. */
  private async passed(position: Checkpoint): Promise<void> {
    const { signal } = this.stop;
    const isPassed = (): boolean => {
      const reached = this.reached();
      return reached !== null && includesCheckpoint(reached, position, this.context.flavour);
    };
    try {
      while (!isPassed()) {
        this.isAwaitingStream = true;
        await delay(PASSED_POLL_MS, undefined, { signal });
      }
    } finally {
      this.isAwaitingStream = false;
    }
  }

  /** Within the transaction of the cutover: the copies, with what changed since, are live. */
  private async join(plans: readonly TablePlan[]): Promise<void> {
    const { database, targetSchema, applier } = this.context;
    for (const { schema } of plans) {
      const table = this.tables.find(schema.name);
      if (table === undefined) continue;
      this.joined.push(...(await applier.applyStaged(table.id)));
      await releaseQuarantine(database, targetSchema, schema.name);
      this.tables.copied(schema.name);
    }
    await this.recordTables();
  }

  private recordTables(): Promise<void> {
    const { database, targetSchema } = this.context;
    return recordStreamMembers(database, targetSchema, this.tables.names);
  }

  private async leaveMissing(names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    const why = 'it could not be copied again';
    await this.context.database.transaction(() => this.leaveOut(names, why));
    for (const name of withDependents(names, this.tables.foreignKeys)) {
      this.tellQuarantine(name, names.includes(name) ? why : 'it depends on such a table');
    }
  }

  private tellQuarantine(name: string, why: string): void {
    this.context.reporter.warning(
      `${name} is in quarantine: ${why}`,
      `Mend what the log tells of it, then run \`ducktail sync --full ${name}\`.`,
    );
  }

  /** The stream is at its end: what is not cut over yet is given up. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.stop.abort(new DucktailError('aborted', 'the stream has ended'));
    await this.last;
  }
}

function noHandOver({ restriction }: OpenedSnapshot): DucktailError {
  return new DucktailError(
    'source-unsuitable',
    `no binlog position can be had for a copy: ${restriction?.message ?? 'SHOW BINARY LOG STATUS is refused'}`,
    { hint: restriction?.hint ?? 'Run `ducktail check`: it names the grants that are missing.' },
  );
}
