import { type Freshness, readFreshness } from '../state/freshness.js';
import type { Database } from '../target/database.js';
import type { LiveReader } from '../target/live-reader.js';

/** Stamps answers, and asks the replica for a stamp only where it has been written since the last. */
export class FreshnessStamp {
  private latest: { readonly state: number; readonly freshness: Freshness } | null = null;

  constructor(
    private readonly database: Database,
    private readonly targetSchema: string,
  ) {}

  /** To be called before a transaction begins; what it returns, within it, when it sees its tables. */
  begin(): (reader: LiveReader) => Promise<Freshness> {
    const before = this.database.committedState;
    return async (reader) => {
      const state = before === this.database.committedState ? before : null;
      if (state !== null && this.latest?.state === state) return this.latest.freshness;
      const freshness = await readFreshness((sql) => reader.rows(sql), this.targetSchema);
      if (state !== null) this.latest = { state, freshness };
      return freshness;
    };
  }
}
