import type { Logger } from '../common/logger.js';
import type { ProgressReporter } from './base-progress.js';

/** Bars on a terminal, log lines elsewhere; both on stderr. Only what is used is loaded. */
export async function createProgress(logger: Logger): Promise<ProgressReporter> {
  if (process.stderr.isTTY && logger.isLevelEnabled('info')) {
    const { BarProgress } = await import('./bar-progress.js');
    return new BarProgress(logger);
  }
  const { LogProgress } = await import('./log-progress.js');
  return new LogProgress(logger);
}
