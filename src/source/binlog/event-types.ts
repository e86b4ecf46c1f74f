/** The types of binlog events that matter here, but for those of rows; MariaDB's own begin at 160. */
export const EventType = {
  QUERY: 2,
  STOP: 3,
  ROTATE: 4,
  FORMAT_DESCRIPTION: 15,
  XID: 16,
  EXECUTE_LOAD_QUERY: 18,
  TABLE_MAP: 19,
  INCIDENT: 26,
  HEARTBEAT: 27,
  GTID: 33,
  ANONYMOUS_GTID: 34,
  PREVIOUS_GTIDS: 35,
  XA_PREPARE: 38,
  TRANSACTION_PAYLOAD: 40,
  HEARTBEAT_V2: 41,
  GTID_TAGGED: 42,
  BINLOG_CHECKPOINT: 161,
  MARIADB_GTID: 162,
  MARIADB_GTID_LIST: 163,
  QUERY_COMPRESSED: 165,
} as const;

const ARTIFICIAL = 0x20;

export function eventTimeMs(event: Buffer): number {
  return event.readUInt32LE(0) * 1000;
}

export function eventServer(event: Buffer): number {
  return event.readUInt32LE(5);
}

/** Where the event ends in its file, modulo 2^32; 0 where that means nothing. */
export function eventEnd(event: Buffer): number {
  return event.readUInt32LE(13);
}

/** Made by the server for this session: it stands in no file. */
export function isArtificial(event: Buffer): boolean {
  return (event.readUInt16LE(17) & ARTIFICIAL) !== 0;
}
