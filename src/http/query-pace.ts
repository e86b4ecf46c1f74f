import { setTimeout as delay } from 'node:timers/promises';
import { Turns } from '../common/turns.js';

/** A query is followed by so many times what it took, so that queries have a twentieth of the time. */
const PAUSE_FACTOR = 19;
/** Nobody waits longer for another's query. */
const LONGEST_PAUSE_MS = 10_000;
const LOOK_MS = 100;

/**
 * While replication is behind, queries begin one after the other and with pauses: DuckDB gives them
 * threads as it gives them to replication, which has to come first. Without that four readers who ask
 * again and again took half of its speed (`npm run bench -- --only http-readers`).
 */
export class QueryPace {
  private readonly turn = new Turns(1);
  private resumeAtMs = 0;

  constructor(
    private readonly isBehind: () => boolean,
    private readonly longestPauseMs = LONGEST_PAUSE_MS,
  ) {}

  /** Runs `work` when it may begin; an abort ends the waiting before it. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (!this.isBehind()) return work();
    const latestMs = await this.turn.run(signal, async () => {
      await this.pause(signal);
      this.resumeAtMs = performance.now() + this.longestPauseMs;
      return this.resumeAtMs;
    });
    const sinceMs = performance.now();
    try {
      return await work();
    } finally {
      const nowMs = performance.now();
      const pausedUntilMs = nowMs + (nowMs - sinceMs) * PAUSE_FACTOR;
      // Unless the next one has begun already.
      if (this.resumeAtMs === latestMs) this.resumeAtMs = Math.min(latestMs, pausedUntilMs);
    }
  }

  private async pause(signal: AbortSignal): Promise<void> {
    for (;;) {
      const leftMs = this.resumeAtMs - performance.now();
      if (leftMs <= 0 || !this.isBehind()) return;
      try {
        await delay(Math.min(leftMs, LOOK_MS), undefined, { signal });
      } catch (error) {
        signal.throwIfAborted();
        throw error;
      }
    }
  }
}
