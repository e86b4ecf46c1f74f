import type { TimedRows } from './timed-rows.js';

/** What reading a range of the binlog took: from its first event to its end. */
export interface DrainedRows extends TimedRows {
  /** Of all threads, without their start. */
  readonly decodeCpuSeconds: number;
}

export function cpuSecondsSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}
