import { compareBinlogPositions } from './binlog-position.js';
import { type GtidFlavour, parseGtidSet } from './gtid-set.js';

/**
 * A position in the source's binlog that is known to be reflected in the replica; always a
 * transaction boundary.
 */
export interface Checkpoint {
  /** MySQL: `uuid:1-5,…`; MariaDB: `0-1-42,…`; null where GTIDs are off. */
  readonly gtidSet: string | null;
  readonly file: string;
  readonly position: number;
  /**
   * When the server made that file, in ms since 1970, as the file itself says: another time means
   * another file of the same name. null or left out: not known.
   */
  readonly fileTimeMs?: number | null;
}

/**
 * Whether everything up to `part` is in `whole`: by their GTID sets, which hold on every server of
 * the same history, or by the positions where one of them has none.
 */
export function includesCheckpoint(
  whole: Checkpoint,
  part: Checkpoint,
  flavour: GtidFlavour,
): boolean {
  if (whole.gtidSet === null || part.gtidSet === null) {
    return compareBinlogPositions(whole, part) >= 0;
  }
  return parseGtidSet(part.gtidSet, flavour).isSubsetOf(parseGtidSet(whole.gtidSet, flavour));
}

/** Without the time of its file, which only the stream needs. */
export function placeOf({ gtidSet, file, position }: Checkpoint): Checkpoint {
  return { gtidSet, file, position };
}
