import { Backoff } from '../common/backoff.js';
import { DucktailError } from '../common/errors.js';
import { Turns } from '../common/turns.js';
import type { SyncResult } from '../model/sync-result.js';
import type { VerifyResult } from '../verify/verify-result.js';
import { CronTimes, waitUntil } from './cron-times.js';
import type {
  Replication,
  ReplicationMeans,
  ReplicationState,
  SyncOrder,
  VerifyOrder,
} from './replication.js';

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 60_000;

/**
 * A sync at the start and at each time of a schedule: tables that were never synced are copied, the
 * others followed. What fails is logged and tried at the next time; a source that does not answer
 * also in between, at growing intervals. Runs and clients' orders come one after the other.
 */
export class ScheduledReplication implements Replication {
  private readonly turns = new Turns(1);
  private readonly backoff = new Backoff(FIRST_RETRY_MS, LONGEST_RETRY_MS);
  private readonly times: CronTimes;
  private current: ReplicationState = 'starting';
  private lastFailure: string | null = null;
  private hasSynced = false;

  constructor(
    private readonly means: ReplicationMeans,
    schedule: string,
  ) {
    this.times = new CronTimes(schedule);
  }

  get state(): ReplicationState {
    return this.turns.isTaken ? 'syncing' : this.current;
  }

  get isBehind(): boolean {
    return this.turns.isTaken;
  }

  status(): null {
    return null;
  }

  async run(signal: AbortSignal): Promise<void> {
    try {
      for (;;) {
        // Times that pass during a run are not made up for.
        const next = (await this.attempt(signal)) ?? this.times.next();
        await waitUntil(next, signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  sync(order: SyncOrder): Promise<SyncResult> {
    if (this.turns.isTaken) order.reporter.info('waiting for a sync that is running');
    return this.turns.run(order.signal, () => this.means.jobs.sync(order));
  }

  verify(order: VerifyOrder): Promise<VerifyResult> {
    return this.turns.run(order.signal, () => this.means.jobs.verify(order));
  }

  standAside<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.turns.run(signal, task);
  }

  /** Resolves to the time of the next attempt, where that is before the schedule's. */
  private async attempt(signal: AbortSignal): Promise<Date | null> {
    const { jobs, createReporter } = this.means;
    const reporter = createReporter();
    const order: SyncOrder = { tables: [], mode: 'automatic', deletes: null, reporter, signal };
    try {
      this.tell(await this.turns.run(signal, () => jobs.sync(order)));
      return null;
    } catch (error) {
      signal.throwIfAborted();
      return this.fail(error);
    }
  }

  private tell({ tables, seconds }: SyncResult): void {
    const { logger } = this.means;
    if (this.lastFailure !== null) logger.info({ after: this.lastFailure }, 'recovered');
    this.lastFailure = null;
    this.backoff.reset();
    this.current = 'waiting';
    this.hasSynced = true;
    const failed = tables.filter(({ error }) => error !== null).length;
    const rows = tables.reduce((sum, table) => sum + table.rows, 0);
    const next = this.times.next().toISOString();
    const line = { tables: tables.length, failed, rows, seconds, next };
    const words = `synced: ${rows} rows read in ${seconds} s`;
    if (failed === 0) logger.info(line, words);
    else logger.warn(line, `${words}; ${failed} of ${tables.length} tables failed`);
  }

  private fail(error: unknown): Date | null {
    if (!(error instanceof DucktailError) || this.isFinal(error)) throw error;
    const { code, message, hint } = error;
    this.means.observer?.failed({ code, message, hint });
    const isUnavailable = code === 'source-unavailable' || code === 'worker-lost';
    this.current = isUnavailable ? 'source-unavailable' : 'waiting';
    const scheduled = this.times.next();
    const sooner = new Date(Date.now() + this.backoff.nextMs());
    const next = isUnavailable && sooner < scheduled ? sooner : scheduled;
    this.lastFailure = message;
    this.means.logger.error(
      { code, hint, next: next.toISOString() },
      `${message}; the next attempt is at ${next.toISOString()}`,
    );
    return next;
  }

  /** True where another attempt of this process can't do better. */
  private isFinal({ code }: DucktailError): boolean {
    if (code === 'target-failed') return true;
    // What was right once may be right again.
    return code === 'configuration' && !this.hasSynced;
  }
}
