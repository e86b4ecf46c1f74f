import type { QueryObserver } from '../model/observers.js';
import { codeOf } from './failure-code.js';

/** Runs a query when `inTurn` lets it, and tells the observer. The signal ends it. */
export async function observedQuery<T>(
  observer: QueryObserver | null,
  signal: AbortSignal,
  inTurn: (work: () => Promise<T>) => Promise<T>,
  work: () => Promise<T>,
): Promise<T> {
  let startedAt: number | null = null;
  const seconds = (): number => (performance.now() - (startedAt ?? 0)) / 1000;
  observer?.queued();
  try {
    const result = await inTurn(() => {
      startedAt = performance.now();
      observer?.started();
      return work();
    });
    observer?.finished(seconds(), null);
    return result;
  } catch (error) {
    if (startedAt === null) observer?.refused();
    else observer?.finished(seconds(), signal.aborted ? 'aborted' : codeOf(error));
    throw error;
  }
}
