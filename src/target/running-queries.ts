import { forAtMost } from '../common/abandon.js';
import { DucktailError } from '../common/errors.js';
import type { MoreMemory } from './memory-limit.js';

/** For queries to end that were interrupted. */
const ENDING_MS = 5000;

export const ENDED_QUERIES: MoreMemory = {
  how: "clients' queries, which had it, were ended",
  hint: 'Raise DUCKDB_MEMORY_LIMIT, or lower MAX_CONCURRENT_QUERIES, to spare both the attempt.',
};

interface RunningQuery {
  readonly end: (reason: DucktailError) => void;
  readonly ended: Promise<void>;
}

/** Clients' queries, which are ended where work of our own lacks memory. */
export class RunningQueries {
  private readonly queries = new Set<RunningQuery>();

  /** `end` ends a query that is beginning; returns how to say that it has ended. */
  add(end: (reason: DucktailError) => void): () => void {
    let leave!: () => void;
    const ended = new Promise<void>((resolve) => (leave = resolve));
    const query = { end, ended };
    this.queries.add(query);
    return () => {
      this.queries.delete(query);
      leave();
    };
  }

  /**
   * Ends all of them; false where there are none. Resolves when they have given back what they had:
   * the work would lack it again.
   */
  async end(): Promise<boolean> {
    const queries = [...this.queries];
    if (queries.length === 0) return false;
    const reason = new DucktailError(
      'query-limit',
      'the query was ended because replication needed the memory that queries had',
      { hint: 'Ask for less, or have QUERY_MEMORY_LIMIT or DUCKDB_MEMORY_LIMIT raised.' },
    );
    // One that does not end is not counted on again.
    this.queries.clear();
    for (const { end } of queries) end(reason);
    await forAtMost(ENDING_MS, Promise.all(queries.map(({ ended }) => ended)));
    return true;
  }
}
