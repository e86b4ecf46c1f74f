import { DucktailError } from '../common/errors.js';

export interface StopSignal extends Disposable {
  readonly signal: AbortSignal;
}

/** Aborted by the first SIGINT or SIGTERM; the second one ends the process as it always would. */
export function stopSignal(): StopSignal {
  const controller = new AbortController();
  const stop = (name: NodeJS.Signals): void => {
    controller.abort(
      new DucktailError('aborted', `stopped by ${name}; what was in the replica before stands`),
    );
    release();
  };
  const release = (): void => {
    process.removeListener('SIGINT', stop);
    process.removeListener('SIGTERM', stop);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return { signal: controller.signal, [Symbol.dispose]: release };
}
