/** What the command line knows of the memory of this process, in bytes, and how to end it. */
export interface ProcessMemory {
  /** What it takes of the machine's memory now. */
  readonly residentBytes: () => number;
  /** What it could still come to have. */
  readonly availableBytes: () => number;
  /** What there is, for all. */
  readonly totalBytes: number;
  /** At once, whatever its threads are at. */
  readonly end: () => void;
}
