/** Lets up to `places` works run at once; the others wait for their turn, in order. */
export class Turns {
  private readonly waiting: (() => void)[] = [];
  private free: number;

  constructor(places: number) {
    this.free = places;
  }

  get isTaken(): boolean {
    return this.free === 0;
  }

  /** Rejects with the signal's reason where it aborts before the work's turn has come; null: never. */
  async run<T>(signal: AbortSignal | null, work: () => Promise<T> | T): Promise<T> {
    signal?.throwIfAborted();
    if (this.free > 0) this.free--;
    else await this.wait(signal);
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.free++;
      else next();
    }
  }

  private wait(signal: AbortSignal | null): Promise<void> {
    return new Promise((resolve, reject) => {
      const go = (): void => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        this.waiting.splice(this.waiting.indexOf(go), 1);
        // What a signal was aborted with is what the work would have thrown.
        reject(signal?.reason as Error);
      };
      this.waiting.push(go);
      signal?.addEventListener('abort', leave, { once: true });
    });
  }
}
