/** How far back it reaches. */
const HISTORY_SECONDS = 60;
/** Over which the present rate is taken: batches come in bursts. */
const RATE_SECONDS = 10;

/** Rows of the last minute, second by second. */
export class Throughput {
  private readonly rows = new Float64Array(HISTORY_SECONDS);
  /** The second, since 1970, that was noted last. */
  private last = 0;

  note(rows: number, nowMs = Date.now()): void {
    this.advance(nowMs);
    this.rows[this.last % HISTORY_SECONDS] += rows;
  }

  /** The mean of the last whole seconds. */
  perSecond(nowMs = Date.now()): number {
    const whole = this.history(nowMs).slice(-RATE_SECONDS);
    return whole.reduce((sum, rows) => sum + rows, 0) / whole.length;
  }

  /** The whole seconds before this one, oldest first. */
  history(nowMs = Date.now()): number[] {
    this.advance(nowMs);
    return Array.from(
      { length: HISTORY_SECONDS - 1 },
      (_, at) => this.rows[(this.last + 1 + at) % HISTORY_SECONDS],
    );
  }

  /** Nothing came in all that it reaches back to. */
  isIdle(nowMs = Date.now()): boolean {
    this.advance(nowMs);
    return this.rows.every((rows) => rows === 0);
  }

  private advance(nowMs: number): void {
    const now = Math.floor(nowMs / 1000);
    const passed = Math.min(HISTORY_SECONDS, now - this.last);
    for (let at = 0; at < passed; at++) this.rows[(now - at) % HISTORY_SECONDS] = 0;
    this.last = Math.max(this.last, now);
  }
}
