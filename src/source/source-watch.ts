import { DucktailError } from '../common/errors.js';
import { compareBinlogPositions } from '../model/binlog-position.js';
import type { BinlogRetention } from '../model/binlog-retention.js';
import type { Checkpoint } from '../model/checkpoint.js';
import { parseGtidSet } from '../model/gtid-set.js';
import type { MysqlEndpoint } from '../model/mysql-endpoint.js';
import { type NeededBinlog, RetentionReader } from './binlog-retention.js';
import { openSession, type SourceSession } from './connect.js';
import { readSourceHistory, type SourceHistory } from './source-history.js';

/** Just under two heartbeats, so that every second one finds it due. */
const INTERVAL_MS = 9_500;
/** Between two looks at what the source keeps; a retention is hours long. */
const RETENTION_INTERVAL_MS = 60_000;

/**
 * Asks the source, beside a stream of its binlog that brings nothing, whether it still has what the
 * stream has read. Where the binlog was reset the stream stays open and is silent for ever: what the
 * new file brings lies before its position.
 */
export class SourceWatch implements AsyncDisposable {
  private readonly retention = new RetentionReader();
  private session: SourceSession | null = null;
  private retentionDueMs = -Infinity;
  private dueAtMs: number;
  private isBusy = false;
  private isClosed = false;
  private loss: DucktailError | null = null;
  /** What the source had executed when it was asked last: this can only grow. */
  private executed: string | null;

  /** `opened`: what the source said before the stream was opened, `from` there. */
  constructor(
    private readonly endpoint: MysqlEndpoint,
    private readonly opened: SourceHistory,
    private readonly from: Checkpoint,
    /** Told how long the source keeps what the stream has yet to read. */
    private readonly onRetention: (retention: BinlogRetention) => void,
    private readonly intervalMs = INTERVAL_MS,
  ) {
    this.executed = opened.gtidSet;
    this.dueAtMs = performance.now() + intervalMs;
  }

  /**
   * Asks, where that is due, and waits for nothing. Throws what the last answer came to: that history
   * is lost. No answer at all is none; a source that is gone shows by the stream's own silence.
   */
  look(reached: Checkpoint): void {
    if (this.loss !== null) throw this.loss;
    if (this.isBusy || performance.now() < this.dueAtMs) return;
    this.isBusy = true;
    void this.compare(reached)
      .catch(() => {
        this.drop();
      })
      .finally(() => {
        this.isBusy = false;
        this.dueAtMs = performance.now() + this.intervalMs;
      });
  }

  /**
   * Asks how long the source keeps what is needed from there on, where that is due; unlike `look`
   * also while the stream brings much. An account that may not know leaves it untold.
   */
  lookAhead(needed: Omit<NeededBinlog, 'isOwn'>): void {
    if (this.isBusy || performance.now() < this.retentionDueMs) return;
    this.isBusy = true;
    void this.readRetention(needed)
      .catch(() => {
        this.drop();
      })
      .finally(() => {
        this.isBusy = false;
        this.retentionDueMs = performance.now() + RETENTION_INTERVAL_MS;
      });
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.isClosed = true;
    this.drop();
    return Promise.resolve();
  }

  private drop(): void {
    this.session?.destroy();
    this.session = null;
  }

  /** null: the stream has ended meanwhile. */
  private async connected(): Promise<SourceSession | null> {
    this.session ??= await openSession(this.endpoint);
    if (this.isClosed) this.drop();
    return this.session;
  }

  private async readRetention(needed: Omit<NeededBinlog, 'isOwn'>): Promise<void> {
    const session = await this.connected();
    if (session === null) return;
    const isOwn = this.isOwn(needed.reached);
    const retention = await this.retention.read(session, { ...needed, isOwn });
    if (retention !== null && !this.isClosed) this.onRetention(retention);
  }

  private async compare(reached: Checkpoint): Promise<void> {
    const session = await this.connected();
    if (session === null) return;
    const now = await readSourceHistory(session);
    const { identity } = this.opened;
    if (now.identity !== identity) {
      if (!this.has(now, reached.gtidSet ?? null)) this.loss = otherServer(this.endpoint);
    } else if (!this.has(now, this.executed) || this.isBehind(now, reached)) {
      this.loss = wasReset(this.endpoint);
    } else {
      this.executed = now.gtidSet;
    }
  }

  /** True as well where the set can't be told from: it says nothing then. */
  private has({ gtidSet, flavour }: SourceHistory, part: string | null): boolean {
    if (gtidSet === null || part === null) return true;
    return parseGtidSet(part, flavour).isSubsetOf(parseGtidSet(gtidSet, flavour));
  }

  private isBehind({ end }: SourceHistory, reached: Checkpoint): boolean {
    return end !== null && this.isOwn(reached) && compareBinlogPositions(end, reached) < 0;
  }

  /** A position that a stream by GTID began with may be another server's. */
  private isOwn({ gtidSet }: Checkpoint): boolean {
    return gtidSet === null || gtidSet !== this.from.gtidSet;
  }
}

function wasReset({ host, port }: MysqlEndpoint): DucktailError {
  return new DucktailError(
    'history-lost',
    `MySQL at ${host}:${port} no longer has in its binlog what was read from it: it was reset`,
    { hint: 'The tables have to be copied again.' },
  );
}

/** What that means for the replica is found out by connecting to it. */
function otherServer({ host, port }: MysqlEndpoint): DucktailError {
  return new DucktailError(
    'source-unavailable',
    `another server answers at ${host}:${port} than the one whose binlog is read`,
  );
}
