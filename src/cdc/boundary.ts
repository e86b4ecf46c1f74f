import { setTimeout as delay } from 'node:timers/promises';
import type { Checkpoint } from '../model/checkpoint.js';

const POLL_MS = 10;

interface Turn {
  /** The position behind which it is to be; null: the next boundary will do. */
  readonly at: Checkpoint | null;
  readonly take: (end: Error | null) => Promise<void>;
}

/**
 * Where others take their turn: between two source transactions, while the stream is held and
 * nothing of it is open.
 */
export class Boundary {
  private readonly waiting: Turn[] = [];
  private isAsked = false;
  private end: Error | null = null;

  /**
   * `askForHold` asks the stream to stop at the next boundary, or at the first that has everything up
   * to a position before it; there `serve` is to be called.
   */
  constructor(private readonly askForHold: (at: Checkpoint | null) => void) {}

  /** Runs `task` at the next boundary; rejects where the stream ends before. */
  run<T>(task: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.waiting.push(turn(null, task, resolve, reject));
      this.ask();
    });
  }

  /**
   * Runs `choose` at the next boundary, and `task` at the first one that has everything up to the
   * position before it that `choose` resolves to, with nobody's turn between.
   */
  runAt<T>(choose: () => Promise<Checkpoint>, task: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const begin = async (): Promise<void> => {
        const at = await choose();
        this.waiting.unshift(turn(at, task, resolve, reject));
      };
      this.waiting.push(turn(null, begin, () => undefined, reject));
      this.ask();
    });
  }

  /** At a boundary: takes the turn that has waited longest. */
  async serve(): Promise<void> {
    await this.waiting.shift()?.take(null);
    this.isAsked = false;
    this.ask();
  }

  /**
   * Within a turn, so at a boundary still: takes those turns one after the other that any boundary
   * will do for, while `isWanted` says so.
   */
  async serveWhile(isWanted: () => boolean): Promise<void> {
    while (isWanted()) {
      const index = this.waiting.findIndex(({ at }) => at === null);
      if (index === -1) await delay(POLL_MS);
      else for (const { take } of this.waiting.splice(index, 1)) await take(null);
    }
  }

  /** No boundary will come any more. */
  async close(reason: Error): Promise<void> {
    this.end = reason;
    for (const { take } of this.waiting.splice(0)) await take(reason);
  }

  private ask(): void {
    if (this.end !== null) void this.close(this.end);
    const next = this.waiting.at(0);
    if (next === undefined || this.isAsked) return;
    this.isAsked = true;
    this.askForHold(next.at);
  }
}

function turn<T>(
  at: Checkpoint | null,
  task: () => Promise<T>,
  resolve: (value: T) => void,
  reject: (error: Error) => void,
): Turn {
  const take = async (end: Error | null): Promise<void> => {
    if (end !== null) reject(end);
    else await task().then(resolve, reject);
  };
  return { at, take };
}
