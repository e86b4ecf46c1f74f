import { setTimeout as delay } from 'node:timers/promises';

/** How often one that waits looks whether it can begin. */
const POLL_MS = 50;

interface Interlude {
  readonly begin: () => void;
  /** Never rejects. */
  readonly done: Promise<void>;
}

/**
 * Tasks for which a replication leaves its stream: one at a time, between two attempts, and not while
 * an order of a client's is carried out; orders that come meanwhile wait.
 */
export class Interludes {
  private orders = 0;
  private waiting: Interlude | null = null;
  private leave = new AbortController();

  /** Carries an order out, when no task is under way. */
  async order<T>(work: () => Promise<T>): Promise<T> {
    while (this.waiting !== null) await this.waiting.done;
    this.orders++;
    try {
      return await work();
    } finally {
      this.orders--;
    }
  }

  /** For the attempt that begins now: aborted when it is to be left. */
  begin(): AbortSignal {
    this.leave = new AbortController();
    if (this.waiting !== null) this.leave.abort();
    return this.leave.signal;
  }

  /** Between two attempts: lets a task that waits have its time. */
  async serve(): Promise<void> {
    this.waiting?.begin();
    await this.waiting?.done;
  }

  /** `isAtRest`: whether the attempt can be left at this moment without undoing much. */
  async run<T>(isAtRest: () => boolean, task: () => Promise<T>, signal: AbortSignal): Promise<T> {
    while (this.orders > 0 || this.waiting !== null || !isAtRest()) {
      await delay(POLL_MS, undefined, { signal });
    }
    const result = this.enqueue(task, signal);
    this.leave.abort();
    return result;
  }

  private enqueue<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T> {
    let begin = (): void => undefined;
    const begun = new Promise<void>((resolve, reject) => {
      begin = resolve;
      // Nobody serves any more when the service stops.
      const giveUp = (): void => reject(signal.reason as Error);
      signal.addEventListener('abort', giveUp, { once: true });
    });
    const result = begun.then(task).finally(() => {
      this.waiting = null;
    });
    const done = result.then(
      () => undefined,
      () => undefined,
    );
    this.waiting = { begin, done };
    return result;
  }
}
