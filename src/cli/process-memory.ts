import { freemem, totalmem } from 'node:os';
import type { ProcessMemory } from '../model/process-memory.js';

/** Of this process, in its container where that has a limit. */
export function processMemory(): ProcessMemory {
  const totalBytes = Math.min(totalmem(), containerBytes());
  const residentBytes = (): number => process.memoryUsage.rss();
  return {
    residentBytes,
    // `process.availableMemory` takes a container's file cache for used, which fills up in any case.
    availableBytes: () => Math.min(freemem(), totalBytes - residentBytes()),
    totalBytes,
    // `process.exit` waits for threads that compute.
    end: () => process.kill(process.pid, 'SIGKILL'),
  };
}

/** Without a limit, or where it is not known, 0 or more than there can be. */
function containerBytes(): number {
  return process.constrainedMemory() || Infinity;
}
