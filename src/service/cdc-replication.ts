import { setTimeout as delay } from 'node:timers/promises';
import { ChangeApplier } from '../cdc/change-applier.js';
import { Replicator } from '../cdc/replicator.js';
import { forgetHistory } from '../cdc/stream-start.js';
import { Backoff } from '../common/backoff.js';
import { anySignal } from '../common/abandon.js';
import { DucktailError, hasCode, toError } from '../common/errors.js';
import { describeFailure } from '../model/observers.js';
import type { Checkpoint } from '../model/checkpoint.js';
import type { SyncResult } from '../model/sync-result.js';
import type { VerifyResult } from '../verify/verify-result.js';
import { translateTargetError } from '../target/errors.js';
import type { MoreMemory } from '../target/memory-limit.js';
import { caughtUp } from './caught-up.js';
import { lagSeconds } from './stream-lag.js';
import { cdcContext, type CdcOptions } from './cdc-context.js';
import { cdcStatus, REPLICATION_STATES } from './cdc-status.js';
import { CdcTally } from './cdc-tally.js';
import { type ComparedStream, notSelected, notStreaming } from './compared-stream.js';
import type {
  CdcStatus,
  Replication,
  ReplicationMeans,
  ReplicationState,
  SyncOrder,
  VerifyOrder,
} from './replication.js';
import { Interludes } from './interludes.js';
import { meetSource } from './met-source.js';
import { SourceLag } from './source-lag.js';

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;
/** A stream that is followed as changes come is behind by less. */
const BEHIND_SECONDS = 2;
/** Attempts of a catching up that come to nothing, one after the other. */
const MAX_FAILURES = 5;

/**
 * Follows the binlog. An attempt lasts as long as its replication session; a source that went away
 * is tried again at growing intervals, and one that has lost the history is copied anew.
 */
export class CdcReplication implements Replication {
  private readonly backoff = new Backoff(FIRST_RETRY_MS, LONGEST_RETRY_MS);
  private readonly tallies = new Set<CdcTally>();
  private readonly lag = new SourceLag();
  private readonly interludes = new Interludes();
  private replicator: Replicator | null = null;
  private stop: AbortSignal | undefined;
  private endedQueries = 0;

  constructor(
    private readonly means: ReplicationMeans,
    private readonly options: CdcOptions,
  ) {}

  get state(): ReplicationState {
    return REPLICATION_STATES[this.replicator?.progress.state ?? 'starting'];
  }

  get isBehind(): boolean {
    const { replicator, state } = this;
    if (replicator === null || state === 'starting' || state === 'syncing') return true;
    // Left for a compaction, or waiting for its source.
    if (state !== 'streaming') return false;
    if (replicator.isCopying) return true;
    return (lagSeconds(replicator.progress) ?? Infinity) > BEHIND_SECONDS;
  }

  status(): CdcStatus {
    return cdcStatus(this.replicator?.progress ?? null, this.endedQueries);
  }

  async run(signal: AbortSignal): Promise<void> {
    this.stop = signal;
    await this.follow(signal, null);
  }

  /**
   * Instead of `run`: resolves when everything up to `end` is in the replica. Rejects where attempts
   * come to nothing, and when the signal aborts.
   */
  async runTo(end: Checkpoint, signal: AbortSignal): Promise<void> {
    await this.follow(signal, end);
    signal.throwIfAborted();
  }

  private async follow(signal: AbortSignal, end: Checkpoint | null): Promise<void> {
    let losses = 0;
    let failures = 0;
    for (;;) {
      await this.interludes.serve();
      // Also where the task that it is left for is given up before its turn: the stream goes on.
      const leave = this.interludes.begin();
      const attemptSignal = AbortSignal.any([signal, leave]);
      try {
        await this.attempt(attemptSignal, end);
        if (!leave.aborted || signal.aborted) return;
      } catch (thrown) {
        if (signal.aborted) return;
        if (leave.aborted) continue;
        const error = causeOf(thrown, this.means.database.path);
        this.means.observer?.failed(describeFailure(error));
        if (this.hasStreamed) {
          losses = 0;
          failures = 0;
        }
        if (codeOf(error) === 'history-lost' && losses === 0) {
          losses += 1;
          await this.startOver(error as DucktailError);
        } else if (codeOf(error) === 'target-memory') {
          await this.provideMemory(error as DucktailError, signal);
        } else {
          failures += 1;
          if (end !== null && failures === MAX_FAILURES) throw error;
          await this.waitAfter(error, attemptSignal);
        }
      }
    }
  }

  sync(order: SyncOrder): Promise<SyncResult> {
    return this.interludes.order(() => this.carryOut(order));
  }

  verify(order: VerifyOrder): Promise<VerifyResult> {
    // The stream waits for a comparison at its position, and the stop for the stream.
    const signal = anySignal(order.signal, this.stop);
    const stream: ComparedStream = {
      caughtUp: () => this.caughtUp(signal),
      replicator: () => this.replicator,
    };
    const { jobs } = this.means;
    return this.interludes.order(() => jobs.verify({ ...order, signal }, stream));
  }

  standAside<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.interludes.run(() => this.replicator?.isAtRest ?? false, task, signal);
  }

  private async carryOut(order: SyncOrder): Promise<SyncResult> {
    const known = (await this.means.jobs.selectTables()).map(({ schema }) => schema.name);
    const unknown = order.tables.filter((name) => !known.includes(name));
    if (unknown.length > 0) throw notSelected(unknown);
    const names = order.tables.length > 0 ? order.tables : known;
    using tally = await this.openTally();
    if (order.mode === 'full') {
      const copied = this.replicator?.copyTables(names) ?? null;
      if (copied === null) throw notStreaming();
      await copied;
    } else {
      if (this.state !== 'streaming' || this.replicator?.isCopying === true) {
        order.reporter.info('waiting until the service has copied tables and follows the binlog');
      }
      await this.caughtUp(order.signal);
    }
    return await tally.result(names);
  }

  /** Notes from here on what is done with each table. */
  async openTally(): Promise<CdcTally> {
    const { database } = this.means;
    const tally = await CdcTally.open(database, this.options.targetSchema, () => {
      this.tallies.delete(tally);
    });
    this.tallies.add(tally);
    return tally;
  }

  private get hasStreamed(): boolean {
    return this.replicator?.hasStreamed ?? false;
  }

  private async attempt(signal: AbortSignal, end: Checkpoint | null): Promise<void> {
    const { database } = this.means;
    const { targetSchema, hooks, walLimits } = this.options;
    const { source, serverId } = await meetSource(database, this.options, this.lag);
    await using applier = await ChangeApplier.open({
      database,
      targetSchema,
      sourceIdentity: source.identity,
      ...(hooks === undefined ? {} : { hooks }),
      walLimits,
      onCommitted: (commit) => {
        this.means.observer?.committed(commit);
        for (const { table, ...rows } of commit.tables) {
          for (const tally of this.tallies) tally.noteApplied(table, rows);
        }
      },
      onReaderEnded: ({ message, hint }) => {
        this.endedQueries += 1;
        this.means.logger.warn({ hint }, message);
      },
      onMemoryProvided: (more) => {
        this.tellMemory(more);
      },
    });
    const context = cdcContext({
      means: this.means,
      options: this.options,
      source,
      serverId,
      applier,
      signal,
      onCopied: (outcomes) => {
        for (const tally of this.tallies) tally.noteCopies(outcomes);
      },
      onStreaming: () => {
        this.backoff.reset();
      },
    });
    this.replicator = new Replicator(context, end);
    await this.replicator.run();
  }

  private async startOver({ message }: DucktailError): Promise<void> {
    const { database, logger } = this.means;
    logger.warn(`${message}; copying all tables again`);
    await forgetHistory(database, this.options.targetSchema);
  }

  /** What is staged comes again with the next attempt. */
  private async provideMemory(error: DucktailError, signal: AbortSignal): Promise<void> {
    const { database, logger } = this.means;
    let more: MoreMemory | null;
    try {
      more = await database.provideMemory();
    } catch (failure) {
      // Where memory is short, even asking DuckDB for more fails: what took it has to end first.
      if (codeOf(failure) !== 'target-memory') throw failure;
      const waitMs = this.backoff.nextMs();
      logger.warn(`${error.message}; the next attempt is in ${waitMs / 1000} s`);
      await delay(waitMs, undefined, { signal }).catch(() => undefined);
      return;
    }
    if (more === null) throw error;
    this.tellMemory(more);
  }

  private tellMemory({ how, hint }: MoreMemory): void {
    this.means.logger.warn({ hint }, `there was too little memory for changes; ${how}`);
  }

  private async waitAfter(error: unknown, signal: AbortSignal): Promise<void> {
    const code = codeOf(error);
    if (!RETRIED.has(code ?? '')) throw error;
    const { message, hint } = error as DucktailError;
    const waitMs = this.backoff.nextMs();
    this.means.logger.warn({ code, hint }, `${message}; the next attempt is in ${waitMs / 1000} s`);
    await delay(waitMs, undefined, { signal }).catch(() => undefined);
  }

  private caughtUp(signal: AbortSignal): Promise<void> {
    return caughtUp(this.options.endpoint, () => this.replicator, signal);
  }
}

/** What another attempt may mend. */
const RETRIED = new Set<string>([
  'source-unavailable',
  'worker-lost',
  'table-changed',
  'history-lost',
  'target-full',
]);

/** What lacked memory fails again where it is cleaned up, and an Appender's errors have no class. */
function causeOf(thrown: unknown, path: string): unknown {
  const { error, suppressed } = toError(thrown) as { error?: unknown; suppressed?: unknown };
  const known = [thrown, suppressed, error]
    .filter((one) => one !== undefined)
    .map((one) => translateTargetError(one, path));
  return known.find((one) => hasCode(one, 'target-memory')) ?? thrown;
}

function codeOf(error: unknown): string | null {
  return error instanceof DucktailError ? error.code : null;
}
