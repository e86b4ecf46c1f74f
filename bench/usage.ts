/**
 * Loaded into a measured process by `--import`: at its exit, its CPU time (of all threads), peak
 * memory and longest event-loop delay go to the file that BENCH_USAGE_FILE names. That is exact,
 * where sampling from outside would miss the peak.
 */
import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';
import type { Usage } from './measured-run.js';

const file = process.env.BENCH_USAGE_FILE;
/** Until then a process compiles its modules, which blocks it and is no work on rows. */
const LOADING_MS = 500;

// Worker threads load this as well, and `exit` happens in them, too.
if (isMainThread && file !== undefined) {
  const loopDelay = monitorEventLoopDelay({ resolution: 2 });
  setTimeout(() => loopDelay.enable(), LOADING_MS).unref();
  process.on('exit', () => {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    const usage: Usage = {
      cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
      peakRssBytes: maxRSS * 1024,
      maxLoopDelayMs: loopDelay.max / 1e6,
    };
    writeFileSync(file, JSON.stringify(usage));
  });
}
