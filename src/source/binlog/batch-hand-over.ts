import type { Checkpoint } from '../../model/checkpoint.js';
import type { BinlogMessage, ChangeLimits, ParentRows } from '../binlog-protocol.js';
import type { ChangeGatherer, Post } from './change-gatherer.js';

/** Batches that the applier may have before it: one in work, one waiting. */
const MAX_UNAPPLIED = 2;
/** How often a position goes on alone, where nothing but other tables' changes comes. */
const EMPTY_COMMIT_MS = 1000;
const KEEPALIVE_MS = 1000;
const SILENCE_MS = 50;

/** What is gathered; asked whenever something is handed over. */
interface Gathered {
  /** Of the last transaction that ended. */
  readonly checkpoint: Checkpoint;
  readonly sourceTimeMs: number | null;
}

/**
 * Decides when gathered transactions go to the applier: at once while it has nothing to do and
 * nothing more is to be read; while it works, what comes is gathered up to the limits, and then the
 * stream has to wait (`isFull`).
 */
export class BatchHandOver {
  /** Everything up to here was told by `commit`, or is with the applier for good. */
  committed: Checkpoint;
  private unapplied = 0;
  private transactions = 0;
  /** Since the last commit: rows that went out with portions. */
  private rowsBefore = 0;
  private isOpen = false;
  private openRows = 0;
  private openBytes = 0;
  private firstChangeAt = 0;
  private events = 0;
  private isWatching = false;
  private lastKeepalive = 0;
  private emptyTimer: NodeJS.Timeout | null = null;
  private silenceTimer: NodeJS.Timeout | null = null;
  /** Gathered, and yet to be told of; everything gathered since has nothing to do with them. */
  private parentRows: (ParentRows & { readonly isDeletes: boolean }) | null = null;

  constructor(
    from: Checkpoint,
    private readonly limits: ChangeLimits,
    private readonly gatherer: ChangeGatherer,
    private readonly gathered: () => Gathered,
    private readonly post: Post,
  ) {
    this.committed = from;
  }

  /** Whether nothing more may be gathered until the applier has caught up. */
  get isFull(): boolean {
    if (this.unapplied > MAX_UNAPPLIED) return true;
    return this.unapplied === MAX_UNAPPLIED && (this.isOpen ? this.isPortionDue : this.isBatchDue);
  }

  /** Nothing is gathered, and the applier has nothing to do. */
  private get isIdle(): boolean {
    return this.unapplied === 0 && !this.isOpen && this.transactions === 0;
  }

  /**
   * The source says that it is there: everything before its position was told. MySQL also says so when
   * it has skipped what was asked for before, and then goes on: only a silence behind it is the end.
   */
  keepAlive(): void {
    if (performance.now() - this.lastKeepalive < KEEPALIVE_MS) return;
    const { events } = this;
    this.silenceTimer ??= setTimeout(() => {
      this.silenceTimer = null;
      if (!this.isIdle) return;
      if (this.events === events) {
        this.lastKeepalive = performance.now();
        this.post({ kind: 'keepalive', checkpoint: this.gathered().checkpoint });
      } else this.keepAlive();
    }, SILENCE_MS);
  }

  /** An event came: whoever waits for a pause of the stream waits on. */
  noteEvent(): void {
    this.events += 1;
  }

  /** A transaction begins: until its end nothing can be committed. */
  begin(): void {
    this.isOpen = true;
    this.markOpen();
  }

  /** Rows of the open transaction were gathered. */
  noteRows(): void {
    if (this.firstChangeAt === 0) this.firstChangeAt = performance.now();
    if (this.isPortionDue && this.unapplied < MAX_UNAPPLIED) this.handOverPortion();
  }

  /**
   * Rows come of a table that foreign keys connect with others. What they did before has to be done
   * before, unless more rows of the same table (`deletedFrom`) are deleted.
   */
  beforeRelatedRows(deletedFrom: number | null, ahead: readonly number[]): void {
    const known = this.parentRows;
    if (known === null) return;
    const isMore =
      known.table === deletedFrom && known.isDeletes && known.ahead.join() === ahead.join();
    if (!isMore) this.handOverCascades();
  }

  /** The rows that came last have consequences in other tables. */
  noteParentRows(rows: ParentRows, isDeletes: boolean): void {
    this.parentRows ??= { ...rows, isDeletes };
  }

  /** The transaction ended and belongs to the replica. */
  end(): void {
    this.isOpen = false;
    this.transactions += 1;
    this.settle();
  }

  /** The transaction ended without effect. */
  drop(): void {
    this.isOpen = false;
  }

  applied(): void {
    this.unapplied -= 1;
    if (this.isOpen) {
      if (this.isPortionDue) this.handOverPortion();
    } else {
      this.settle();
    }
  }

  /** Everything that ended goes out now, however busy the applier is. */
  commitNow(): void {
    if (this.transactions > 0) this.handOver();
  }

  /** What is gathered goes out now, to be committed with the statement that is told next. */
  leaveToStatement(): void {
    this.handOverCascades();
    this.gatherer.endStage();
    this.reset();
  }

  /** What is gathered, and what was since the last commit, is void. */
  clear(): void {
    this.gatherer.clear();
    this.parentRows = null;
    this.drop();
    this.reset();
  }

  close(): void {
    if (this.emptyTimer !== null) clearTimeout(this.emptyTimer);
    if (this.silenceTimer !== null) clearTimeout(this.silenceTimer);
  }

  private get isBatchDue(): boolean {
    const { rows, bytes } = this.gatherer;
    return rows >= this.limits.batchRows || bytes >= this.limits.batchBytes;
  }

  /** A transaction goes out in portions when it alone has reached the limits. */
  private get isPortionDue(): boolean {
    return (
      this.gatherer.rows - this.openRows >= this.limits.batchRows ||
      this.gatherer.bytes - this.openBytes >= this.limits.batchBytes
    );
  }

  private settle(): void {
    if (this.transactions === 0 || this.unapplied >= MAX_UNAPPLIED) return;
    if (this.isBatchDue) {
      this.handOver();
    } else if (this.unapplied === 0) {
      if (this.gatherer.rows + this.rowsBefore === 0) this.commitPositionLater();
      // The clock is read once per turn of the event loop, not for every transaction.
      else if (!this.isWatching) this.handOverOrWatch(-1);
    }
  }

  private handOverOrWatch(events: number): void {
    if (performance.now() - this.firstChangeAt >= this.limits.batchMs) this.handOver();
    else this.awaitQuiet(events);
  }

  /** Hands over when a whole turn of the event loop has brought no event. */
  private awaitQuiet(events: number): void {
    this.isWatching = true;
    setImmediate(() => {
      this.isWatching = false;
      if (this.isOpen || this.transactions === 0 || this.unapplied > 0) return;
      if (events === this.events) this.handOver();
      else this.handOverOrWatch(this.events);
    });
  }

  private commitPositionLater(): void {
    this.emptyTimer ??= setTimeout(() => {
      this.emptyTimer = null;
      if (!this.isOpen && this.unapplied === 0 && this.transactions > 0) this.handOver();
    }, EMPTY_COMMIT_MS);
  }

  private handOverPortion(): void {
    if (this.parentRows !== null) this.handOverCascades();
    else this.handOverStage({ kind: 'portion' });
  }

  private handOverCascades(): void {
    if (this.parentRows === null) return;
    const { table, fromSeq, ahead } = this.parentRows;
    this.parentRows = null;
    this.handOverStage({ kind: 'cascades', table, fromSeq, ahead });
  }

  private handOverStage(message: BinlogMessage): void {
    this.rowsBefore += this.gatherer.rows;
    this.gatherer.endStage();
    this.markOpen();
    this.unapplied += 1;
    this.post(message);
  }

  private handOver(): void {
    this.handOverCascades();
    const { checkpoint, sourceTimeMs } = this.gathered();
    const rows = this.gatherer.rows + this.rowsBefore;
    const { transactions } = this;
    this.gatherer.endStage();
    this.reset();
    this.unapplied += 1;
    this.committed = checkpoint;
    this.post({ kind: 'commit', checkpoint, sourceTimeMs, transactions, rows });
  }

  private markOpen(): void {
    this.openRows = this.gatherer.rows;
    this.openBytes = this.gatherer.bytes;
  }

  private reset(): void {
    this.transactions = 0;
    this.rowsBefore = 0;
    this.firstChangeAt = 0;
  }
}
