import { setTimeout as delay } from 'node:timers/promises';
import { Cron } from 'croner';

/** The clock may be set meanwhile, and timers don't run while a machine sleeps. */
const LOOK_INTERVAL_MS = 30_000;

/** The times that a cron expression names, in the process's time zone. */
export class CronTimes {
  private readonly cron: Cron;

  constructor(expression: string) {
    this.cron = new Cron(expression, { paused: true });
  }

  /** The first time after now. */
  next(): Date {
    const next = this.cron.nextRun();
    if (next === null) throw new Error('the schedule names no time that comes');
    return next;
  }
}

/** Resolves at the time, or rejects when the signal aborts. */
export async function waitUntil(time: Date, signal: AbortSignal): Promise<void> {
  for (;;) {
    const left = time.getTime() - Date.now();
    if (left <= 0) return;
    await delay(Math.min(left, LOOK_INTERVAL_MS), undefined, { signal });
  }
}
