import { DucktailError } from '../common/errors.js';
import type { Database } from './database.js';

/** How often the disk that queries take is looked at. */
const LOOK_MS = 100;
/** What was lent is taken back when there was no query for so long. */
const IDLE_MS = 2000;

export interface QueryMemoryLimits {
  /** Lent to DuckDB while queries run. */
  readonly bytes: number;
  /** What may be on disk at once, because it does not fit. */
  readonly tempBytes: number;
}

type End = (reason: DucktailError) => void;

/**
 * The room of clients' queries. DuckDB has one limit for everything in it: while queries run it is
 * raised by what they may have. A query that wants more writes to disk or fails; where replication
 * lacks memory all the same, all queries are ended (`RunningQueries`), and where they take too
 * much disk, the one that has run for longest.
 */
export class QueryMemory implements AsyncDisposable {
  /** In the order of their beginning. */
  private readonly running = new Set<End>();
  private watch: NodeJS.Timeout | null = null;
  private idleSinceMs: number | null = null;
  private lent: Promise<void> | null = null;
  private looking: Promise<void> | null = null;

  constructor(
    private readonly database: Database,
    private readonly limits: QueryMemoryLimits,
  ) {}

  /** Resolves when the room is there, to a function that says when it is free again. */
  async admit(end: End): Promise<() => void> {
    this.idleSinceMs = null;
    this.running.add(end);
    const withdraw = this.database.queries.add(end);
    this.lent ??= this.database.memory.lend(this.limits.bytes);
    this.watch ??= setInterval(() => {
      this.looking ??= this.look().finally(() => {
        this.looking = null;
      });
    }, LOOK_MS);
    const leave = (): void => {
      withdraw();
      this.running.delete(end);
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
    if (this.watch !== null) clearInterval(this.watch);
    await this.looking;
  }

  private async look(): Promise<void> {
    if (this.running.size === 0) {
      await this.takeBack();
      return;
    }
    // What a stop closes meanwhile needs no watch.
    const bytes = await this.database.temporaryBytes().catch(() => 0);
    if (bytes <= this.limits.tempBytes) return;
    const [oldest] = this.running;
    oldest(tooLarge(this.limits.tempBytes));
  }

  private async takeBack(): Promise<void> {
    if (this.idleSinceMs === null || performance.now() - this.idleSinceMs < IDLE_MS) return;
    if (this.watch !== null) clearInterval(this.watch);
    this.watch = null;
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
