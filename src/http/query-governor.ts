import { DucktailError } from '../common/errors.js';
import type { Logger } from '../common/logger.js';
import { Turns } from '../common/turns.js';
import type { QueryObserver } from '../model/observers.js';
import type { ProcessMemory } from '../model/process-memory.js';
import type { QueryLimits } from '../model/query-limits.js';
import type { Database } from '../target/database.js';
import { QueryMemory } from '../target/query-memory.js';
import { QueryPace } from './query-pace.js';
import { observedQuery } from '../watch/observed-query.js';

/** What the governor is told of, and tells. */
export interface GovernorMeans {
  readonly database: Database;
  readonly memory: ProcessMemory;
  readonly logger: Logger;
  readonly observer?: QueryObserver | null;
  readonly isReplicationBehind?: () => boolean;
}

export interface GovernedQuery {
  /** For the log, without its parameters. */
  readonly text: string;
  /** In place of the limit that all have; null: none. */
  readonly timeoutMs?: number | null;
}

/**
 * Says which clients' queries run, and ends those that take more than they may: replication goes
 * first. What a query throws then says why.
 */
export class QueryGovernor implements AsyncDisposable {
  private readonly turns: Turns;
  private readonly memory: QueryMemory;
  private readonly pace: QueryPace;
  private readonly observer: QueryObserver | null;
  private running = 0;
  private waiting = 0;

  constructor(
    private readonly limits: QueryLimits,
    { database, memory, logger, observer = null, isReplicationBehind }: GovernorMeans,
  ) {
    this.observer = observer;
    this.pace = new QueryPace(isReplicationBehind ?? (() => false));
    this.turns = new Turns(limits.maxConcurrent);
    const { memoryBytes, maxConcurrent, tempBytes } = limits;
    const room = { bytes: memoryBytes * maxConcurrent, tempBytes };
    this.memory = new QueryMemory(database, room, memory, logger);
  }

  get runningQueries(): number {
    return this.running;
  }

  get waitingQueries(): number {
    return this.waiting;
  }

  /**
   * Runs `work` in its turn. Its signal aborts with the given one, for lack of room, and in time.
   */
  run<T>(
    query: GovernedQuery,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    return observedQuery(
      this.observer,
      signal,
      (attended) => this.inTurn(signal, attended),
      () => this.attend(query, signal, work),
    );
  }

  private async inTurn<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (this.turns.isTaken && this.waiting >= this.limits.queueMax) throw queueIsFull();
    let isWaiting = true;
    this.waiting++;
    const start = (): void => {
      if (isWaiting) this.waiting--;
      isWaiting = false;
    };
    try {
      return await this.pace.run(signal, () =>
        this.turns.run(signal, () => {
          start();
          return work();
        }),
      );
    } finally {
      start();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.memory[Symbol.asyncDispose]();
  }

  private async attend<T>(
    { text, timeoutMs = this.limits.timeoutMs }: GovernedQuery,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const controller = new AbortController();
    const end = (reason: unknown): void => {
      controller.abort(reason);
    };
    const leave = (): void => {
      end(signal.reason);
    };
    signal.addEventListener('abort', leave, { once: true });
    const timer =
      timeoutMs === null ? undefined : setTimeout(() => end(overTime(timeoutMs)), timeoutMs);
    this.running++;
    let release: (() => void) | null = null;
    try {
      release = await this.memory.admit({ text, end });
      return await work(controller.signal);
    } finally {
      this.running--;
      clearTimeout(timer);
      signal.removeEventListener('abort', leave);
      release?.();
    }
  }
}

function overTime(timeoutMs: number): DucktailError {
  return new DucktailError(
    'query-limit',
    `the query took more than ${timeoutMs} ms and was ended`,
    {
      hint: 'Ask for less, or have QUERY_TIMEOUT_MS raised.',
    },
  );
}

function queueIsFull(): DucktailError {
  return new DucktailError('queue-full', 'too many queries are waiting already', {
    hint: 'Try again in a moment; MAX_CONCURRENT_QUERIES and QUERY_QUEUE_MAX say how many there may be.',
  });
}
