import { DucktailError } from '../common/errors.js';
import { compareBinlogPositions } from '../model/binlog-position.js';
import { parseGtidSet } from '../model/gtid-set.js';
import type { SourceHistory } from '../source/source-history.js';
import type { StreamPosition } from '../state/stream.js';

const PATIENCE_MS = 5 * 60_000;

/**
 * After a failover the new server may not have received yet what the replica has from the old one:
 * it is given some time before the replica's history counts as lost.
 */
export class SourceLag {
  private sinceMs: number | null = null;

  constructor(private readonly patienceMs = PATIENCE_MS) {}

  /**
   * Throws where the source lacks transactions that the replica has: `source-unavailable` while they
   * may still come, then `history-lost`. Where GTIDs are off, only the binlog's end tells.
   */
  require(stream: StreamPosition | null, source: SourceHistory): void {
    if (stream !== null) requireEnd(stream, source);
    const ours = stream?.checkpoint.gtidSet ?? null;
    if (stream === null || ours === null || source.gtidSet === null) return;
    const set = parseGtidSet(ours, source.flavour);
    const theirs = parseGtidSet(source.gtidSet, source.flavour);
    if (set.isSubsetOf(theirs)) {
      this.sinceMs = null;
      return;
    }
    const detail = `the replica has ${ours}, the source ${source.gtidSet || 'nothing'}`;
    // The same server has forgotten them, and one without any of them is no failover's.
    if (stream.sourceIdentity === source.identity || !set.isRelatedTo(theirs)) {
      throw lost(`the source does not have transactions that the replica has: ${detail}`);
    }
    this.sinceMs ??= performance.now();
    const leftMs = this.sinceMs + this.patienceMs - performance.now();
    if (leftMs <= 0) {
      this.sinceMs = null;
      throw lost(`the source, another server than before, has not caught up: ${detail}`);
    }
    throw new DucktailError(
      'source-unavailable',
      `the source is another server than before and lags behind the replica: ${detail}`,
      {
        hint: `If it has not caught up in ${Math.ceil(leftMs / 1000)} s, tables are copied again.`,
      },
    );
  }
}

/** The same server never goes back; the position may be of another one where its file is not known. */
function requireEnd({ checkpoint, sourceIdentity }: StreamPosition, source: SourceHistory): void {
  const { end, identity } = source;
  if (sourceIdentity !== identity || (checkpoint.fileTimeMs ?? null) === null) return;
  if (end === null || compareBinlogPositions(end, checkpoint) >= 0) return;
  throw lost(
    `the source's binlog ends at ${end.file}:${end.position}, ` +
      `before what the replica has: ${checkpoint.file}:${checkpoint.position}`,
  );
}

function lost(message: string): DucktailError {
  return new DucktailError('history-lost', message, {
    hint: 'It was reset or restored, or is another server. The tables have to be copied again.',
  });
}
