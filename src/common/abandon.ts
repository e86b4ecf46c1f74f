import { setTimeout as delay } from 'node:timers/promises';

/**
 * Settles as `work` does, or rejects when the signal aborts: for what can't be ended itself, and
 * whose result nobody needs then.
 */
export async function orAbandon<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop: () => void = () => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
  });
  if (signal.aborted) stop();
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Resolves when `work` has, or when that takes longer: for what may never end. Rejects as it does. */
export async function forAtMost(milliseconds: number, work: Promise<unknown>): Promise<void> {
  const ended = new AbortController();
  const late = delay(milliseconds, undefined, { signal: ended.signal }).catch(() => undefined);
  try {
    await Promise.race([work, late]);
  } finally {
    ended.abort();
  }
}

/** Aborts when either does. */
export function anySignal(one: AbortSignal, other: AbortSignal | undefined): AbortSignal {
  return other === undefined ? one : AbortSignal.any([one, other]);
}
