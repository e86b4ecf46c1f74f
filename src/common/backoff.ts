/**
 * Delays that double from one failure to the next, up to a bound. p-retry, which serves elsewhere,
 * counts from its call to its end: a session that has worked for a day, or a schedule, begins anew.
 */
export class Backoff {
  private failures = 0;

  constructor(
    private readonly firstMs: number,
    private readonly longestMs: number,
  ) {}

  nextMs(): number {
    const delayMs = Math.min(this.firstMs * 2 ** this.failures, this.longestMs);
    this.failures++;
    return delayMs;
  }

  reset(): void {
    this.failures = 0;
  }
}
