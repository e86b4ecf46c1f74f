import { setTimeout as delay } from 'node:timers/promises';
import type { CdcSource } from './cdc-source.js';

/** Whoever answers queries on the replica. */
export interface Answering {
  query(sql: string): Promise<unknown[][]>;
}

/** How late what was committed at the source is seen on the replica. */
export interface LagMeasure {
  readonly probes: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

const PROBE_EVERY_MS = 100;
const POLL_MS = 20;
/** For the last probe to be seen. */
const LONGEST_LAG_MS = 120_000;

/**
 * Commits a numbered row every tenth of a second and asks the replica for the highest number over and
 * over: a row's lag is from its commit until the first answer that has it. So it is measured from
 * outside, by one clock, and at most a poll too high.
 */
export class LagProbes {
  private readonly committedAt: number[] = [];
  private readonly lagsMs: number[] = [];

  constructor(
    private readonly source: CdcSource,
    private readonly replica: Answering,
  ) {}

  /** `table` has to be there on both sides, `(n INT PRIMARY KEY)` and empty. */
  async measure(table: string, seconds: number): Promise<LagMeasure> {
    const end = performance.now() + seconds * 1000;
    await Promise.all([this.commit(table, end), this.watch(table, end)]);
    const sorted = [...this.lagsMs].sort((a, b) => a - b);
    const at = (share: number): number => sorted[Math.ceil(sorted.length * share) - 1];
    return { probes: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
  }

  private async commit(table: string, end: number): Promise<void> {
    while (performance.now() < end) {
      await this.source.run(`INSERT INTO ${table} VALUES (${this.committedAt.length})`);
      this.committedAt.push(performance.now());
      await delay(PROBE_EVERY_MS);
    }
  }

  /** Until every probe was seen. */
  private async watch(table: string, end: number): Promise<void> {
    while (performance.now() < end || this.lagsMs.length < this.committedAt.length) {
      const [[last]] = await this.replica.query(
        `SELECT CAST(coalesce(max(n), -1) AS VARCHAR) FROM ${table}`,
      );
      const now = performance.now();
      // A probe can be seen before its own commit was answered here.
      while (this.lagsMs.length <= Math.min(Number(last), this.committedAt.length - 1)) {
        this.lagsMs.push(now - this.committedAt[this.lagsMs.length]);
      }
      if (now > end + LONGEST_LAG_MS) {
        throw new Error(`${this.lagsMs.length} of ${this.committedAt.length} probes were seen`);
      }
      await delay(POLL_MS);
    }
  }
}
