import { DucktailError } from '../common/errors.js';
import type { Database } from './database.js';
import { checkpoint } from './maintenance.js';
import type { OpenReader } from './open-reader.js';
import { fileBytes } from './usage.js';

export interface WalLimits {
  /** A log of this size is moved into the file. */
  readonly walBytes: number;
  /** A log that is older than this is moved into the file, whatever its size. */
  readonly intervalMs: number;
  /** When a checkpoint that could not run is tried again. */
  readonly retryMs: number;
  /** A reader is ended when so much has been written to the log since it began … */
  readonly readerBytes: number;
  /** … but may read for so long in any case. */
  readonly readerMs: number;
}

/**
 * A million scattered updates of 5 million rows, in batches of 30,000: a checkpoint at each 16 MB
 * took 7.4 s in all, at each 64 MB 6.1 s, and the file had 1.2 times its size afterwards.
 *
 * What a reader sees can't be given up before its end: with one, 3 million changes of a table of a
 * million rows (30 MB of log) made the file 2.5 times as large and each commit take twice as long,
 * and beside one that is older than a changed definition no checkpoint succeeds at all. So it is not
 * time that makes a reader a burden but what changes meanwhile.
 */
export const WAL_LIMITS: WalLimits = {
  walBytes: 64 * 1024 * 1024,
  intervalMs: 60_000,
  retryMs: 5_000,
  readerBytes: 128 * 1024 * 1024,
  readerMs: 60_000,
};

/**
 * Says when the write-ahead log is moved into the file: DuckDB would do so within any COMMIT. Ends
 * readers that keep the log and the file growing.
 */
export class WalKeeper implements AsyncDisposable {
  private notBefore = 0;
  private lastMs = performance.now();
  /** The log's size when it was last looked at. */
  private lastBytes = 0;
  /** All that was written to it. */
  private writtenBytes = 0;
  /** What had been written when each reader was first seen. */
  private readonly writtenBefore = new WeakMap<OpenReader, number>();

  private constructor(
    private readonly database: Database,
    private readonly limits: WalLimits,
    private readonly noCheckpoints: AsyncDisposable,
    private readonly onReaderEnded: (reason: DucktailError) => void,
  ) {}

  static async open(
    database: Database,
    limits: WalLimits,
    onReaderEnded: (reason: DucktailError) => void = () => undefined,
  ): Promise<WalKeeper> {
    const noCheckpoints = await database.automaticCheckpoints.hold();
    return new WalKeeper(database, limits, noCheckpoints, onReaderEnded);
  }

  /** Outside of a transaction. A checkpoint that can't run now is left to a later commit. */
  async afterCommit(): Promise<void> {
    const bytes = await fileBytes(`${this.database.path}.wal`);
    this.writtenBytes += bytes < this.lastBytes ? bytes : bytes - this.lastBytes;
    this.lastBytes = bytes;
    const now = performance.now();
    if (this.endReaders(now)) {
      // They are gone in a moment, and may be what checkpoints have failed for.
      this.notBefore = now;
      return;
    }
    if (now < this.notBefore) return;
    const isOld = now - this.lastMs >= this.limits.intervalMs;
    if (bytes === 0 || (bytes < this.limits.walBytes && !isOld)) return;
    if (await checkpoint(this.database, 1)) this.lastMs = performance.now();
    else this.notBefore = performance.now() + this.limits.retryMs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.noCheckpoints[Symbol.asyncDispose]();
  }

  /** Whether there was one to end. */
  private endReaders(now: number): boolean {
    const { readerBytes, readerMs } = this.limits;
    let isAny = false;
    for (const reader of this.database.openReaders) {
      if (reader.signal.aborted) continue;
      const before = this.writtenBefore.get(reader) ?? this.writtenBytes;
      this.writtenBefore.set(reader, before);
      const heldBytes = this.writtenBytes - before;
      const ageMs = now - reader.sinceMs;
      if (heldBytes < readerBytes || ageMs < readerMs) continue;
      const reason = burden(ageMs, heldBytes);
      reader.end(reason);
      this.onReaderEnded(reason);
      isAny = true;
    }
    return isAny;
  }
}

function burden(ageMs: number, heldBytes: number): DucktailError {
  const seconds = Math.round(ageMs / 1000);
  const megabytes = Math.round(heldBytes / 1e6);
  return new DucktailError(
    'query-failed',
    `the service ended a query after ${seconds} s: ${megabytes} MB of changes had come since it ` +
      'began, and the replica has to keep what a query sees until its end',
    {
      hint:
        'Ask for less at a time, or copy what you need first (COPY … TO a file) and ask the copy: ' +
        'while much changes, a long query makes the file grow and the replica lag.',
    },
  );
}
