import { DucktailError, hasCode } from '../common/errors.js';
import { type Checkpoint, includesCheckpoint } from '../model/checkpoint.js';
import type { BinlogStream, StreamMessage } from '../source/binlog-stream.js';
import type { SourceWatch } from '../source/source-watch.js';
import { recordQuarantine } from '../state/quarantine.js';
import { doubtfulTables } from '../state/xa-doubts.js';
import { Boundary } from './boundary.js';
import type { CdcContext, CdcProgress, CdcState } from './context.js';
import { SchemaEvents } from './schema-events.js';
import { prepareStream, type StreamStart } from './stream-start.js';
import type { StreamTables } from './stream-tables.js';
import { TableCopies } from './table-copies.js';
import { UnloggedCascades } from './unlogged-cascades.js';
import { XaTransactions } from './xa-transactions.js';

/** What belongs to one replication session. */
interface Session {
  readonly stream: BinlogStream;
  readonly tables: StreamTables;
  readonly boundary: Boundary;
  readonly copies: TableCopies;
  readonly schemaEvents: SchemaEvents;
  readonly cascades: UnloggedCascades;
  readonly xa: XaTransactions;
  readonly watch: SourceWatch;
}

/**
 * Tails the binlog into the replica: messages in the binlog's order, each commit of them one DuckDB
 * transaction together with its position. One attempt lives as long as its replication session; what
 * comes after it (another attempt, a new snapshot, a stop) is decided by whoever calls `run`.
 */
export class Replicator {
  private state: CdcState = 'starting';
  private checkpoint: Checkpoint | null = null;
  private sourceTimeMs: number | null = null;
  private isCaughtUp = false;
  private heardAtMs = Date.now();
  private hasStarted = false;
  private session: Session | null = null;
  private isEnding = false;
  private hasEnded = false;

  /** `end`: where to stop; null: to go on until the signal aborts. */
  constructor(
    private readonly context: CdcContext,
    private readonly end: Checkpoint | null = null,
  ) {}

  get progress(): CdcProgress {
    const { state, checkpoint, sourceTimeMs, isCaughtUp, heardAtMs } = this;
    return { state, checkpoint, sourceTimeMs, isCaughtUp, heardAtMs };
  }

  /** Whether something was applied, so that the position was good. */
  get hasStreamed(): boolean {
    return this.hasStarted;
  }

  /** Whether it could be left at this moment without undoing much. */
  get isAtRest(): boolean {
    return this.state === 'reconnecting' || (this.state === 'streaming' && !this.isCopying);
  }

  /** Whether tables are being copied beside the stream. */
  get isCopying(): boolean {
    return this.session?.copies.isIdle === false;
  }

  /**
   * Runs until everything up to `end` is in the replica or the signal aborts (resolves), or the
   * session fails (throws why).
   */
  async run(): Promise<void> {
    const { context } = this;
    try {
      this.state = 'copying';
      const start = await prepareStream(context);
      this.reached(start.from, start.sourceTimeMs, false);
      await this.stream(start);
    } catch (error) {
      throw await this.leaveFailed(error);
    } finally {
      this.state = context.signal.aborted ? 'stopped' : 'reconnecting';
    }
  }

  /**
   * Copies tables whole beside the stream; resolves when they are cut over. Null: there is no stream
   * at the moment that they could be copied beside.
   */
  copyTables(names: readonly string[]): Promise<void> | null {
    return this.session?.copies.copy(names) ?? null;
  }

  /**
   * Resolves when no table is being copied any more of those that are wanted now, whatever is wanted
   * later; null without a stream.
   */
  copied(): Promise<void> | null {
    return this.session?.copies.copy([]) ?? null;
  }

  /** Whether the table is in the replica as it was at the stream's position. */
  isLive(table: string): boolean {
    return this.session?.tables.find(table)?.isBeingCopied === false;
  }

  /**
   * Holds the stream while `choose` resolves to a position of the source, lets it go on to just there
   * and runs `task`, while nothing is applied; null without a stream.
   */
  standStill<T>(choose: () => Promise<Checkpoint>, task: () => Promise<T>): Promise<T> | null {
    return this.session?.boundary.runAt(choose, task) ?? null;
  }

  /** While the stream is held: others have changed rows of the table, or what is on record of them. */
  async noteChanged(table: string): Promise<void> {
    const id = this.session?.tables.find(table)?.id;
    if (id !== undefined) await this.context.applier.reload(id);
  }

  /**
   * A table that failed within a transaction of which part was applied: the next attempt begins with
   * a copy of it.
   */
  private async leaveFailed(error: unknown): Promise<unknown> {
    if (!hasCode(error, 'table-failed')) return error;
    const { database, targetSchema } = this.context;
    const { message, hint, table } = error;
    if (table === undefined) return error;
    await database.transaction(() => recordQuarantine(database, targetSchema, table, message));
    this.context.observer?.quarantined(table, message);
    return new DucktailError('table-changed', message, { hint, table, cause: error });
  }

  private async stream({ from, tables, toCopy }: StreamStart): Promise<void> {
    const { applier, openStream, openWatch, signal } = this.context;
    await applier.setTables(tables.all);
    await using stream = await openStream(from, tables.all);
    await using watch = openWatch(from);
    const boundary = new Boundary((at) => {
      stream.hold(at);
    });
    await using copies = new TableCopies(this.context, tables, boundary, () => this.checkpoint);
    const schemaEvents = new SchemaEvents(this.context, tables, copies);
    const xa = new XaTransactions(this.context.database);
    const cascades = new UnloggedCascades(this.context, tables, (table, reason) => {
      schemaEvents.noteStale(table, reason);
    });
    const session: Session = {
      stream,
      tables,
      boundary,
      copies,
      schemaEvents,
      cascades,
      xa,
      watch,
    };
    this.session = session;
    if (toCopy.length === 0) {
      this.state = 'streaming';
    } else {
      void copies.copy(toCopy).then(() => {
        if (this.session === session) this.state = 'streaming';
      });
    }
    try {
      this.endIfReached(session);
      for await (const message of stream) {
        if (signal.aborted) return;
        await this.handle(message, session);
        if (this.hasEnded) return;
        this.endIfReached(session);
      }
    } finally {
      this.session = null;
      // Copies that are under way wait for the end of an open transaction, and their end is awaited.
      await applier.discard();
      await boundary.close(new DucktailError('source-unavailable', 'the stream has ended'));
    }
  }

  /**
   * Ends behind the position that was asked for, when no table is being copied any more. The stream
   * stands still for that, as far as the copies can do without it: it might bring statements that
   * lead to copies without an end.
   */
  private endIfReached({ copies, boundary }: Session): void {
    const { end, checkpoint, context } = this;
    if (end === null || this.isEnding || copies.needsStream || checkpoint === null) return;
    if (!includesCheckpoint(checkpoint, end, context.flavour)) return;
    this.isEnding = true;
    boundary
      .run(async () => {
        await boundary.serveWhile(() => !copies.isIdle && !copies.needsStream);
        this.isEnding = false;
        this.hasEnded = copies.isIdle;
      })
      // The session failed before, which `run` tells.
      .catch(() => undefined);
  }

  private async handle(message: StreamMessage, session: Session): Promise<void> {
    const { applier } = this.context;
    const { stream, tables, boundary, schemaEvents, xa } = session;
    switch (message.kind) {
      case 'rows':
        await applier.stage(message.table, message.batch);
        stream.recycle(message.batch);
        break;
      case 'portion':
        await applier.portion();
        stream.applied();
        break;
      case 'cascades':
        await session.cascades.carryOut(message);
        stream.applied();
        break;
      case 'commit':
        await this.commit(message, session);
        stream.applied();
        this.lookAhead(session);
        break;
      case 'rollback':
        if (tables.all.some(({ isBeingCopied }) => isBeingCopied)) {
          // What is staged of them since their copies began would be gone with the rest.
          throw new DucktailError(
            'table-changed',
            'the source rolled changes back while tables were copied',
          );
        }
        await applier.discard();
        xa.discard();
        break;
      case 'schema-event':
        await schemaEvents.handle(message, this.sourceTimeMs);
        this.reached(message.checkpoint, this.sourceTimeMs, false);
        stream.resume(tables.all);
        break;
      case 'mismatch':
        schemaEvents.noteMismatch(message.table, message.reason);
        stream.resume(tables.all);
        break;
      case 'held':
        await boundary.serve();
        stream.resume(tables.all);
        break;
      case 'park':
        xa.park(message.xid, message.events);
        break;
      case 'xa-commit':
        await this.commitPrepared(message.xid, session);
        break;
      case 'unpark':
        xa.end(message.xid);
        break;
      case 'keepalive':
        this.reached(message.checkpoint, this.sourceTimeMs, true);
        await applier.settle();
        session.watch.look(message.checkpoint);
        this.lookAhead(session);
    }
  }

  private async commitPrepared(xid: string, session: Session): Promise<void> {
    const { database, targetSchema } = this.context;
    const events = await session.xa.read(xid);
    const lacking = await doubtfulTables(database, targetSchema, xid, events !== null);
    session.schemaEvents.noteIncomplete(
      lacking,
      'it was copied while an XA transaction was prepared, which is committed now',
    );
    session.stream.replay(events ?? []);
    session.xa.end(xid);
  }

  private async commit(
    position: { readonly checkpoint: Checkpoint; readonly sourceTimeMs: number | null },
    { schemaEvents, xa, copies, tables }: Session,
  ): Promise<void> {
    const { applier } = this.context;
    const { quarantined } = await applier.commit(position, async () => {
      if (schemaEvents.hasMismatches) await schemaEvents.recordMismatches();
      if (xa.hasNews) await xa.record();
    });
    this.reached(position.checkpoint, position.sourceTimeMs, false);
    xa.recorded();
    if (schemaEvents.hasMismatches) await schemaEvents.copyMismatches();
    const failed = quarantined.flatMap(({ id }) => tables.findById(id)?.plan.schema.name ?? []);
    if (failed.length === 0) return;
    for (const { error } of quarantined) {
      this.context.reporter.warning(error.message);
      if (error.table !== undefined) {
        this.context.observer?.quarantined(error.table, error.message);
      }
    }
    const dependents = failed.flatMap((name) => tables.remove(name));
    const others = dependents.filter((name) => !failed.includes(name));
    if (others.length > 0) {
      await this.context.database.transaction(() =>
        copies.leaveOut(others, `it changes with ${failed.join(', ')}`),
      );
      await applier.setTables(tables.all);
    }
    void copies.mend(failed);
  }

  /** For those who watch; nobody else has use for it. */
  private lookAhead({ watch }: Session): void {
    const { checkpoint, sourceTimeMs, context } = this;
    if (checkpoint !== null && context.observer !== undefined)
      watch.lookAhead({ reached: checkpoint, sourceTimeMs });
  }

  private reached(checkpoint: Checkpoint, sourceTimeMs: number | null, isEnd: boolean): void {
    this.checkpoint = checkpoint;
    this.sourceTimeMs = sourceTimeMs;
    this.isCaughtUp = isEnd;
    this.heardAtMs = Date.now();
    this.hasStarted ||= this.state === 'streaming';
  }
}
