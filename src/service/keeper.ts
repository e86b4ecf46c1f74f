import { setTimeout as delay } from 'node:timers/promises';
import { DucktailError, errorMessage } from '../common/errors.js';
import type { Logger } from '../common/logger.js';
import { Turns } from '../common/turns.js';
import type { BackupResult } from '../keep/backup.js';
import { type CompactionResult, needsCompaction } from '../keep/compaction.js';
import type { KeepHooks } from '../keep/hooks.js';
import type { KeepObserver, KeepWork } from '../model/keep-observer.js';
import { publishSnapshot } from '../keep/publish.js';
import type { Database } from '../target/database.js';
import { checkpoint } from '../target/maintenance.js';
import { fileBytes } from '../target/usage.js';
import { WAL_LIMITS } from '../target/wal-keeper.js';
import { backupOn, type BackupOrder, compactOn } from './backup.js';
import { CronTimes, waitUntil } from './cron-times.js';
import type { KeepSettings } from './keep-settings.js';
import type { Replication } from './replication.js';

export interface KeeperMeans {
  readonly database: Database;
  readonly replication: Replication;
  readonly settings: KeepSettings;
  readonly logger: Logger;
  /** Of the service: ends clients' orders, too. */
  readonly stopping: AbortSignal;
  readonly observer?: KeepObserver | undefined;
  readonly hooks?: KeepHooks | undefined;
}

const LOG_LOOK_MS = 1_000;
const COMPACTION_LOOK_MS = 60_000;
/** From one that is not ordered to the next, however it ended: the stream is held for each of them. */
const COMPACTION_REST_MS = 30 * 60_000;
/** A snapshot that is held up for longer is left to the next time. */
const SNAPSHOT_PATIENCE_MS = 30_000;
/** Of the first snapshot and the first look: when tables are there, if they are soon. */
const FIRST_DELAY_MS = 1000;

/**
 * Keeps a running service's replica: publishes snapshots, takes backups on their schedule and compacts
 * the file, one after the other. What fails is logged and tried at its next time: replication goes on.
 */
export class Keeper {
  private readonly turns = new Turns(1);
  private compactionNotBefore = 0;

  constructor(private readonly means: KeeperMeans) {}

  /** Until the signal aborts; then resolves as soon as nothing is at the file any more. */
  async run(signal: AbortSignal): Promise<void> {
    const { snapshot, backupSchedule, compactAtPercent } = this.means.settings;
    const loops: Promise<void>[] = [];
    if (snapshot !== null) {
      const { intervalSeconds } = snapshot;
      const publish = (): Promise<void> => this.publish(signal);
      loops.push(this.repeat('snapshot', intervalSeconds * 1000, publish, signal));
    }
    if (backupSchedule !== null) loops.push(this.followSchedule(backupSchedule, signal));
    if (compactAtPercent !== null) {
      const look = (): Promise<void> => this.compactIfNeeded(compactAtPercent, signal);
      loops.push(this.repeat('compaction', COMPACTION_LOOK_MS, look, signal));
    }
    const moveLog = (): Promise<void> => this.moveLogIfLarge();
    loops.push(this.repeat('log', LOG_LOOK_MS, moveLog, signal));
    await Promise.all(loops);
    // Orders of clients' may be under way, whose signals are aborted as well.
    await this.turns.run(null, () => Promise.resolve());
  }

  /** As a client asks for it. */
  backup(order: BackupOrder): Promise<BackupResult> {
    const { database, settings, hooks, stopping } = this.means;
    const signal = AbortSignal.any([order.signal, stopping]);
    return this.observed('backup', signal, async () => {
      const result = await backupOn(database, settings.backup, { ...order, signal }, hooks);
      this.tellBackup(result);
      return result;
    });
  }

  /** As a client asks for it: the stream is held, and goes on from where it was. */
  compact(orderSignal: AbortSignal): Promise<CompactionResult> {
    const { database, replication, logger, observer, hooks, stopping } = this.means;
    // The stream, which a stop waits for, waits for its end.
    const signal = AbortSignal.any([orderSignal, stopping]);
    return this.observed('compaction', signal, async () => {
      const task = (): Promise<CompactionResult> => compactOn(database, signal, hooks);
      const result = await replication.standAside(task, signal);
      observer?.compacted(result);
      logger.info(result, 'compacted the replica');
      return result;
    });
  }

  private async publish(signal: AbortSignal): Promise<void> {
    const { database, settings, logger, observer, hooks } = this.means;
    const { snapshot, backup } = settings;
    if (snapshot === null) return;
    const { path } = snapshot;
    const { targetSchema } = backup;
    await this.observed('snapshot', signal, async () => {
      const request = { path, targetSchema, patienceMs: SNAPSHOT_PATIENCE_MS, signal, hooks };
      const published = await publishSnapshot(database, request);
      observer?.snapshotPublished(published);
      const { seconds, pauseSeconds, bytes } = published;
      logger.info({ path, seconds, pauseSeconds, bytes }, 'published a snapshot');
    });
  }

  private async followSchedule(schedule: string, signal: AbortSignal): Promise<void> {
    const times = new CronTimes(schedule);
    const order: BackupOrder = { target: null, content: null, mustEncrypt: false, signal };
    while (!signal.aborted) {
      await waitUntil(times.next(), signal).catch(() => undefined);
      await this.attempt('backup', () => this.backup(order), signal);
    }
  }

  private async compactIfNeeded(atPercent: number, signal: AbortSignal): Promise<void> {
    const { database, logger } = this.means;
    if (performance.now() < this.compactionNotBefore) return;
    if (!(await needsCompaction(database, atPercent))) return;
    this.compactionNotBefore = performance.now() + COMPACTION_REST_MS;
    logger.info({ atPercent }, 'the dead share of the replica has passed the limit: compacting');
    await this.compact(signal);
  }

  /** Clients write also where the stream, which does so behind its own commits, has nothing to apply. */
  private async moveLogIfLarge(): Promise<void> {
    const { database } = this.means;
    const bytes = await fileBytes(`${database.path}.wal`);
    if (bytes >= WAL_LIMITS.walBytes) await checkpoint(database, 1);
  }

  private async repeat(
    what: KeepWork | 'log',
    intervalMs: number,
    work: () => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    let waitMs = Math.min(FIRST_DELAY_MS, intervalMs);
    while (!signal.aborted) {
      await delay(waitMs, undefined, { signal }).catch(() => undefined);
      await this.attempt(what, work, signal);
      waitMs = intervalMs;
    }
  }

  /** Never rejects. */
  private async attempt(
    what: KeepWork | 'log',
    work: () => Promise<unknown>,
    signal: AbortSignal,
  ): Promise<void> {
    if (signal.aborted) return;
    try {
      await work();
    } catch (error) {
      if (signal.aborted) return;
      const { code, hint } = error instanceof DucktailError ? error : {};
      this.means.logger.error({ code, hint }, `${what} failed: ${errorMessage(error)}`);
    }
  }

  private async observed<T>(
    what: KeepWork,
    signal: AbortSignal,
    work: () => Promise<T>,
  ): Promise<T> {
    return this.turns.run(signal, async () => {
      try {
        return await work();
      } catch (error) {
        if (!signal.aborted) this.means.observer?.failed(what);
        throw error;
      }
    });
  }

  private tellBackup(result: BackupResult): void {
    const { logger, observer } = this.means;
    observer?.backupTaken(result);
    const { backup, content, rows, bytes, seconds, pauseSeconds, removed } = result;
    logger.info({ backup, content, rows, bytes, seconds, pauseSeconds, removed }, 'backed up');
  }
}
