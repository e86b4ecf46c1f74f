import { DucktailError } from '../common/errors.js';
import type { Logger } from '../common/logger.js';
import type { ProcessMemory } from '../model/process-memory.js';
import type { Database } from './database.js';
import { MemoryWatch, type WatchedQuery } from './memory-watch.js';

/** How often the memory and the disk that queries take is looked at. */
const LOOK_MS = 100;
/** What was lent is taken back when there was no query for so long. */
const IDLE_MS = 2000;

export interface QueryMemoryLimits {
  /** Lent to DuckDB while queries run. */
  readonly bytes: number;
  /** What may be on disk at once, because it does not fit. */
  readonly tempBytes: number;
}

/**
 * The room of clients' queries. DuckDB has one limit for everything in it: while queries run it is
 * raised by what they may have. A query that wants more writes to disk or fails; where replication
 * lacks memory all the same, all queries are ended (`RunningQueries`), and also where they take much
 * that DuckDB does not count (`MemoryWatch`); where it is disk, the one that has run for longest.
 */
export class QueryMemory implements AsyncDisposable {
  /** In the order of their beginning. */
  private readonly running = new Set<WatchedQuery>();
  private readonly watch: MemoryWatch;
  private timer: NodeJS.Timeout | null = null;
  private idleSinceMs: number | null = null;
  private lent: Promise<void> | null = null;
  private looking: Promise<void> | null = null;

  constructor(
    private readonly database: Database,
    private readonly limits: QueryMemoryLimits,
    memory: ProcessMemory,
    logger: Logger,
  ) {
    this.watch = new MemoryWatch(database.memory, memory, logger);
  }

  /** Resolves when the room is there, to a function that says when it is free again. */
  async admit(query: WatchedQuery): Promise<() => void> {
    this.idleSinceMs = null;
    this.running.add(query);
    const withdraw = this.database.queries.add(query.end);
    this.lent ??= this.lend();
    this.timer ??= setInterval(() => {
      this.watch.look(this.running);
      this.looking ??= this.look().finally(() => {
        this.looking = null;
      });
    }, LOOK_MS);
    const leave = (): void => {
      withdraw();
      this.running.delete(query);
      if (this.running.size === 0) this.idleSinceMs = performance.now();
    };
    try {
      await this.lent;
    } catch (error) {
      // Where memory is short, even asking DuckDB for more fails.
      this.lent = null;
      leave();
      throw error;
    }
    return leave;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.timer !== null) clearInterval(this.timer);
    await this.looking;
  }

  private async look(): Promise<void> {
    if (this.running.size === 0) {
      await this.takeBack();
      return;
    }
    // Where it can't be done now, it may be the next time.
    await this.database.memory.settle().catch(() => undefined);
    // What a stop closes meanwhile needs no watch.
    const bytes = await this.database.temporaryBytes().catch(() => 0);
    if (bytes <= this.limits.tempBytes) return;
    // They may all have ended meanwhile.
    const oldest = [...this.running].at(0);
    oldest?.end(tooLarge(this.limits.tempBytes));
  }

  private async lend(): Promise<void> {
    await this.database.memory.lend(this.limits.bytes);
    this.watch.begin(this.limits.bytes);
  }

  private async takeBack(): Promise<void> {
    if (this.idleSinceMs === null || performance.now() - this.idleSinceMs < IDLE_MS) return;
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
    this.lent = null;
    // Where it can't be had back now, it is with the next query's end.
    await this.database.memory.lend(0).catch(() => undefined);
  }
}

function tooLarge(bytes: number): DucktailError {
  return new DucktailError(
    'query-limit',
    `queries took more than ${Math.round(bytes / 1e6)} MB on disk, and the oldest one was ended`,
    { hint: 'Ask for less, or have QUERY_TEMP_LIMIT or QUERY_MEMORY_LIMIT raised.' },
  );
}
