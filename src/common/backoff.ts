/** Delays that double from one failure to the next, up to a bound. */
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
