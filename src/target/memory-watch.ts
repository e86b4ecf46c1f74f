import { forAtMost } from '../common/abandon.js';
import { DucktailError } from '../common/errors.js';
import type { Logger } from '../common/logger.js';
import type { ProcessMemory } from '../model/process-memory.js';
import type { MemoryLimit } from './memory-limit.js';

/**
 * For what replication comes to take beside DuckDB while queries run. Measured, with the default limits:
 * queries that used all they may took 120 MB beyond DuckDB's limit, and beside full syncs by four
 * readers all took 1.06 GB, where the bound was 1.3 GB.
 */
const SLACK_BYTES = 512e6;
/** For DuckDB to give freed memory back, which takes some 50 ms a gigabyte. */
const FLUSH_MS = 1000;
/** For a query to end that was interrupted, before it is taken for one that can't be. */
const ENDING_MS = 300;
/** What has to stay available, of all there is and at the least. */
const RESERVE_SHARE = 0.05;
const RESERVE_BYTES = 256e6;
/** Of a query's text, in the log. */
const TEXT_LENGTH = 200;

const LAST_HINT =
  'Nothing is lost: started again, the service goes on from its position, and its supervisor does ' +
  'that. Have whoever asked ask for smaller values, or give the service more memory.';

export interface WatchedQuery {
  readonly text: string;
  readonly end: (reason: DucktailError) => void;
}

/**
 * Bounds what queries take of the machine's memory where DuckDB's limit does not: DuckDB does not
 * count large single values (`SELECT range(100000000)` took 9.5 GB at a limit of 128 MB), the states
 * of some aggregates and plans. So while queries run, what the process takes is looked at. Beyond
 * the bound all of them are ended: there is no telling whose memory it is.
 *
 * An interrupt reaches a query between vectors, and not a thread that computes one value or plans.
 * Where such a query leaves too little memory, the process ends itself: it is started again and goes
 * on from its position, as it would if the kernel had ended it, or a neighbour in its place.
 */
export class MemoryWatch {
  private boundBytes = Infinity;
  private readonly endedAtMs = new WeakMap<WatchedQuery, number>();
  private ending: Promise<void> | null = null;

  constructor(
    private readonly limit: MemoryLimit,
    private readonly memory: ProcessMemory,
    private readonly logger: Logger,
  ) {}

  /**
   * Before the first of some queries, which are lent `lentBytes` of DuckDB's memory. They may have as
   * much again beside it. What others before them had is given back: DuckDB's limit was just set.
   */
  begin(lentBytes: number): void {
    this.boundBytes = this.memory.residentBytes() + 2 * lentBytes + SLACK_BYTES;
  }

  /** Ends the queries where they take too much, and the process where they don't end. */
  look(queries: ReadonlySet<WatchedQuery>): void {
    if (!this.isBeyond()) return;
    // Waits for nothing: DuckDB may not answer any more.
    this.requireMemory(queries);
    this.ending ??= this.endAll(queries).finally(() => {
      this.ending = null;
    });
  }

  private async endAll(queries: ReadonlySet<WatchedQuery>): Promise<void> {
    // What was freed stays with DuckDB's allocator for a while.
    await forAtMost(
      FLUSH_MS,
      this.limit.flush().catch(() => undefined),
    );
    if (!this.isBeyond()) return;
    const reason = tooMuch(this.memory.residentBytes());
    for (const query of queries) {
      if (this.endedAtMs.has(query)) continue;
      this.endedAtMs.set(query, performance.now());
      query.end(reason);
    }
  }

  private requireMemory(queries: ReadonlySet<WatchedQuery>): void {
    const staying = [...queries].filter((query) => this.isStaying(query));
    if (staying.length === 0) return;
    const availableBytes = this.memory.availableBytes();
    if (availableBytes >= Math.max(RESERVE_BYTES, RESERVE_SHARE * this.memory.totalBytes)) return;
    this.logger.fatal(
      { queries: staying.map(({ text }) => beginningOf(text)), hint: LAST_HINT },
      `ending at once: queries that can't be interrupted took memory that DuckDB does not count; ` +
        `the process has ${megabytes(this.memory.residentBytes())}, and ` +
        `${megabytes(availableBytes)} are left`,
    );
    this.memory.end();
  }

  private isBeyond(): boolean {
    return this.memory.residentBytes() > this.boundBytes + this.limit.ownBytes;
  }

  private isStaying(query: WatchedQuery): boolean {
    const endedAtMs = this.endedAtMs.get(query);
    return endedAtMs !== undefined && performance.now() - endedAtMs >= ENDING_MS;
  }
}

function tooMuch(bytes: number): DucktailError {
  return new DucktailError(
    'query-limit',
    `the query was ended because queries took more memory than they may: with them the service ` +
      `took ${megabytes(bytes)}`,
    {
      hint:
        'Ask for smaller values (DuckDB does not count single large ones, nor the states of some ' +
        'aggregates, such as approx_quantile of many groups), have QUERY_MEMORY_LIMIT raised, or ask ' +
        'again: the memory may have been that of another query.',
    },
  );
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

function beginningOf(text: string): string {
  return text
    .slice(0, 4 * TEXT_LENGTH)
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, TEXT_LENGTH);
}
