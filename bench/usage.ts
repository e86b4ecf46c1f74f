/**
 * Loaded into a measured process by `--import`: at its exit, its CPU time (of all threads) and peak
 * memory go to the file that BENCH_USAGE_FILE names. That is exact, where sampling from outside
 * would miss the peak.
 */
import { writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import type { Usage } from './measured-run.js';

const file = process.env.BENCH_USAGE_FILE;

// Worker threads load this as well, and `exit` happens in them, too.
if (isMainThread && file !== undefined) {
  process.on('exit', () => {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    const usage: Usage = {
      cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
      peakRssBytes: maxRSS * 1024,
    };
    writeFileSync(file, JSON.stringify(usage));
  });
}
