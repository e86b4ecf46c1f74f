import { once, EventEmitter } from 'node:events';
import { DucktailError } from '../common/errors.js';

/** Counts the readers of a file that are at work, and can keep others out for a while. */
export class ReaderGate {
  private readonly changes = new EventEmitter().setMaxListeners(0);
  private readers = 0;
  private isClosed = false;

  /** Readers at work. */
  get inside(): number {
    return this.readers;
  }

  /** Resolves when the gate is open, to what a reader calls at its end. */
  async enter(signal?: AbortSignal): Promise<() => void> {
    while (this.isClosed) {
      await once(this.changes, 'opened', { signal }).catch((error: unknown) => {
        signal?.throwIfAborted();
        throw error;
      });
    }
    this.readers++;
    return () => {
      this.readers--;
      this.changes.emit('left');
    };
  }

  /** Runs `work` as a reader; an abort ends the waiting before it. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const leave = await this.enter(signal);
    try {
      return await work();
    } finally {
      leave();
    }
  }

  /**
   * Keeps newcomers out and waits until nobody is inside, and before that until it is nobody else's to
   * open; gives up, and opens, when that takes longer, with a `target-busy` of that message, or on an abort.
   */
  async close(patienceMs: number, otherwise: string, signal?: AbortSignal): Promise<Disposable> {
    const late = AbortSignal.timeout(patienceMs);
    const inTime = signal === undefined ? late : AbortSignal.any([late, signal]);
    let isOurs = false;
    try {
      while (this.isClosed) await once(this.changes, 'opened', { signal: inTime });
      this.isClosed = isOurs = true;
      while (this.readers > 0) await once(this.changes, 'left', { signal: inTime });
    } catch (error) {
      if (isOurs) this.open();
      signal?.throwIfAborted();
      throw new DucktailError('target-busy', otherwise, {
        cause: error,
        hint: 'Try again when they have ended; long queries can be asked of a published snapshot.',
      });
    }
    return { [Symbol.dispose]: () => this.open() };
  }

  private open(): void {
    this.isClosed = false;
    this.changes.emit('opened');
  }
}
