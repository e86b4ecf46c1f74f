import { compareBinlogPositions } from '../../model/binlog-position.js';
import { type Checkpoint, includesCheckpoint } from '../../model/checkpoint.js';
import { type Gtid, type GtidFlavour, type GtidSet, parseGtidSet } from '../../model/gtid-set.js';
import type { FileStart } from './control-events.js';

/** Positions in events are modulo this: a large transaction makes a file of any size. */
const POSITION_RANGE = 2 ** 32;

/** How far the stream has come: what was seen of the file, and the last transaction boundary. */
export class StreamPosition {
  /** Where the last event seen ends. */
  file: string;
  seen: number;
  /** The last transaction boundary. */
  private boundaryFile: string;
  private boundaryPosition: number;
  private boundaryFileTimeMs: number | null;
  /** When the source made the file that is read; null until the file says. */
  private fileTimeMs: number | null = null;
  private executed: GtidSet | null;
  /** A stream that began by GTID passes what was told already: it has no boundaries of its own yet. */
  private isBehind: boolean;

  constructor(
    from: Checkpoint,
    private readonly flavour: GtidFlavour,
  ) {
    this.isBehind = from.gtidSet !== null;
    this.file = from.file;
    this.seen = from.position;
    this.boundaryFile = from.file;
    this.boundaryPosition = from.position;
    this.boundaryFileTimeMs = from.fileTimeMs ?? null;
    this.executed = from.gtidSet === null ? null : parseGtidSet(from.gtidSet, flavour);
  }

  /** What a restart may begin with: everything before it was told, and nothing behind it. */
  get checkpoint(): Checkpoint {
    return {
      gtidSet: this.executed?.toString() ?? null,
      file: this.boundaryFile,
      position: this.boundaryPosition,
      ...(this.boundaryFileTimeMs === null ? {} : { fileTimeMs: this.boundaryFileTimeMs }),
    };
  }

  /** Whether everything up to there was told. */
  includes(position: Checkpoint): boolean {
    return includesCheckpoint(this.checkpoint, position, this.flavour);
  }

  /** The stream goes on in this file; `isReal`: as the binlog says, not to begin the session. */
  startFile(start: FileStart, isReal: boolean): void {
    this.file = start.file;
    this.seen = start.position;
    this.fileTimeMs = null;
    if (!isReal) return;
    this.isBehind = false;
    this.markBoundary();
  }

  /** What the file says of itself, before anything else. */
  describeFile(timeMs: number): void {
    this.fileTimeMs = timeMs;
    this.markBoundary();
  }

  /** An event that ends there, as its header says. */
  see(end: number): void {
    const position = this.seen < POSITION_RANGE ? end : this.passed + end;
    if (position > this.seen) this.seen = position;
    // Beyond another 4 GB. What lies a little behind is told twice, or of no place (0).
    else if (this.seen - position > POSITION_RANGE / 2) this.seen = position + POSITION_RANGE;
  }

  /** What was passed of the file when positions last began anew. */
  private get passed(): number {
    return Math.floor(this.seen / POSITION_RANGE) * POSITION_RANGE;
  }

  /** The last event seen stands between transactions. */
  markBoundary(): void {
    if (this.isBehind) return;
    this.boundaryFile = this.file;
    this.boundaryPosition = this.seen;
    this.boundaryFileTimeMs = this.fileTimeMs;
  }

  /** The last event seen ends a transaction, or was all of it. */
  commit(gtid: Gtid | null): void {
    this.isBehind = false;
    this.markBoundary();
    // A set that lacks a transaction would bring it again.
    if (gtid === null) this.executed = null;
    else this.executed?.add(gtid);
  }

  /** Everything before the file, as it says itself: needed where the stream began without a set. */
  adopt(previous: GtidSet): void {
    this.executed ??= previous;
  }

  /** Whether everything in `set` was told, or stood before the beginning. */
  hasAll(set: GtidSet): boolean {
    return this.executed !== null && set.isSubsetOf(this.executed);
  }

  /** Whether the last event seen stands before the position, or ends there. */
  isUpTo(position: FileStart): boolean {
    return compareBinlogPositions({ file: this.file, position: this.seen }, position) <= 0;
  }
}
