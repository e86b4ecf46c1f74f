/**
 * A position in the source's binlog that is known to be reflected in the replica; always a
 * transaction boundary.
 */
export interface Checkpoint {
  /** MySQL: `uuid:1-5,…`; MariaDB: `0-1-42,…`; null where GTIDs are off. */
  readonly gtidSet: string | null;
  readonly file: string;
  readonly position: number;
}
