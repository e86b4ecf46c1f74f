import { inflateSync } from 'node:zlib';
import { type Gtid, type GtidSet, parseGtidSet } from '../../model/gtid-set.js';
import { formatXid } from '../../model/xid.js';
import { EVENT_HEADER_BYTES, eventType } from './event-layout.js';
import { EventType, eventServer } from './event-types.js';
import { readTaggedGtid } from './tagged-gtid.js';
import { formatUuid, type UuidReader } from './uuid.js';

/**
 * Parsers of the events that are not rows. Each takes the whole event, header first, without
 * checksum.
 */

/** A transaction, or with `xid` the part of an XA transaction up to its PREPARE. */
export interface Opening {
  readonly xid: string | null;
}

/** What the event before a transaction says about it. */
export interface TransactionStart {
  /** null where the source has GTIDs off. */
  readonly gtid: Gtid | null;
  /** When the source committed it, in ms since 1970; null: not told. */
  readonly commitTimeMs: number | null;
  /** null where the next event opens one (MySQL says BEGIN and XA START) or is all there is. */
  readonly opens: Opening | null;
}

// GTID: flags 1, uuid 16, number 8, clock type 1, two clocks 8 each, then 7 bytes of microseconds.
const GTID_UUID = EVENT_HEADER_BYTES + 1;
const GTID_NUMBER = GTID_UUID + 16;
const GTID_COMMIT_TIME = GTID_NUMBER + 8 + 1 + 16;
/** The two high bytes of the commit time hold, beside it, whether another time follows. */
const COMMIT_TIME_MASK = 0x7fffff;

/** GTID (33), ANONYMOUS_GTID (34), GTID_TAGGED (42) and MariaDB's GTID (162). */
export function parseTransactionStart(event: Buffer, uuids: UuidReader): TransactionStart {
  switch (eventType(event)) {
    case EventType.MARIADB_GTID:
      return parseMariadbGtid(event);
    case EventType.GTID_TAGGED:
      return { ...readTaggedGtid(event.subarray(EVENT_HEADER_BYTES)), opens: null };
    case EventType.GTID:
      return {
        gtid: {
          source: uuids.read(event, GTID_UUID),
          server: 0,
          number: event.readBigInt64LE(GTID_NUMBER),
        },
        commitTimeMs: readCommitTime(event),
        opens: null,
      };
    default:
      return { gtid: null, commitTimeMs: readCommitTime(event), opens: null };
  }
}

function readCommitTime(event: Buffer): number | null {
  if (event.length < GTID_COMMIT_TIME + 7) return null;
  const low = event.readUInt32LE(GTID_COMMIT_TIME);
  const high = event.readUIntLE(GTID_COMMIT_TIME + 4, 3) & COMMIT_TIME_MASK;
  return Math.floor((high * 2 ** 32 + low) / 1000);
}

const MARIADB_STANDALONE = 1;
const MARIADB_GROUP_COMMIT = 2;
const MARIADB_PREPARED_XA = 64;

function parseMariadbGtid(event: Buffer): TransactionStart {
  const gtid = {
    source: String(event.readUInt32LE(EVENT_HEADER_BYTES + 8)),
    server: eventServer(event),
    number: event.readBigUInt64LE(EVENT_HEADER_BYTES),
  };
  const flags = event[EVENT_HEADER_BYTES + 12];
  if ((flags & MARIADB_STANDALONE) !== 0) return { gtid, commitTimeMs: null, opens: null };
  const xid = (flags & MARIADB_PREPARED_XA) === 0 ? null : readMariadbXid(event, flags);
  return { gtid, commitTimeMs: null, opens: { xid } };
}

function readMariadbXid(event: Buffer, flags: number): string {
  const at = EVENT_HEADER_BYTES + 13 + ((flags & MARIADB_GROUP_COMMIT) === 0 ? 0 : 8);
  const branchAt = at + 6 + event[at + 4];
  const global = event.toString('hex', at + 6, branchAt);
  const branch = event.toString('hex', branchAt, branchAt + event[at + 5]);
  return formatXid(global, branch, event.readUInt32LE(at));
}

export interface Statement {
  readonly text: string;
  /** The session's default database. */
  readonly database: string;
}

const BEGIN = [0x42, 0x45, 0x47, 0x49, 0x4e];

/** A QUERY that is nothing but BEGIN, as before every transaction of MySQL. */
export function isBegin(event: Buffer): boolean {
  const at = event.length - BEGIN.length;
  for (let i = 0; i < BEGIN.length; i++) if (event[at + i] !== BEGIN[i]) return false;
  const status = EVENT_HEADER_BYTES + 11;
  const statusBytes = event[status] | (event[status + 1] << 8);
  return EVENT_HEADER_BYTES + 14 + statusBytes + event[EVENT_HEADER_BYTES + 8] === at;
}

/** QUERY (2), MariaDB's QUERY_COMPRESSED (165) and EXECUTE_LOAD_QUERY (18). */
export function parseStatement(event: Buffer): Statement {
  const databaseBytes = event[EVENT_HEADER_BYTES + 8];
  const statusBytes = event.readUInt16LE(EVENT_HEADER_BYTES + 11);
  const loadBytes = eventType(event) === EventType.EXECUTE_LOAD_QUERY ? 13 : 0;
  const databaseAt = EVENT_HEADER_BYTES + 13 + loadBytes + statusBytes;
  const body = event.subarray(databaseAt + databaseBytes + 1);
  const text = eventType(event) === EventType.QUERY_COMPRESSED ? inflateBody(body) : body;
  return {
    text: text.toString('utf8'),
    database: event.toString('utf8', databaseAt, databaseAt + databaseBytes),
  };
}

/** MariaDB's envelope: how many bytes the length takes, the length, zlib. */
function inflateBody(body: Buffer): Buffer {
  return inflateSync(body.subarray(1 + (body[0] & 0x07)));
}

export interface FileStart {
  readonly file: string;
  readonly position: number;
}

/** ROTATE: the file that follows, and where its first event stands. */
export function parseRotate(event: Buffer): FileStart {
  return {
    file: event.toString('utf8', EVENT_HEADER_BYTES + 8),
    position: Number(event.readBigUInt64LE(EVENT_HEADER_BYTES)),
  };
}

const CHECKSUM_BYTES = 4;
const CHECKSUM_CRC32 = 1;

/** FORMAT_DESCRIPTION, whole as it came: the bytes of the checksum behind every later event. */
export function parseChecksumBytes(event: Buffer): number {
  return event[event.length - CHECKSUM_BYTES - 1] === CHECKSUM_CRC32 ? CHECKSUM_BYTES : 0;
}

/** XA_PREPARE: whether the transaction is committed by this very event. */
export function isOnePhase(event: Buffer): boolean {
  return event[EVENT_HEADER_BYTES] !== 0;
}

/** PREVIOUS_GTIDS: everything before its file. */
export function parsePreviousGtids(event: Buffer): GtidSet {
  const set: string[] = [];
  const header = event.readBigUInt64LE(EVENT_HEADER_BYTES);
  const isTagged = header >> 56n === 1n;
  const sources = Number(isTagged ? (header >> 8n) & 0xffff_ffff_ffffn : header);
  let at = EVENT_HEADER_BYTES + 8;
  for (let source = 0; source < sources; source++) {
    let name = formatUuid(event, at);
    at += 16;
    if (isTagged) {
      // The length of a tag, up to 32, is one byte of twice its value.
      const tagBytes = event[at] >> 1;
      if (tagBytes > 0) name += `:${event.toString('latin1', at + 1, at + 1 + tagBytes)}`;
      at += 1 + tagBytes;
    }
    const intervals = Number(event.readBigUInt64LE(at));
    at += 8;
    for (let interval = 0; interval < intervals; interval++, at += 16) {
      // The end does not belong to it.
      const last = event.readBigInt64LE(at + 8) - 1n;
      set.push(`${name}:${event.readBigInt64LE(at)}-${last}`);
    }
  }
  return parseGtidSet(set.join(','), 'mysql');
}

const GTID_LIST_COUNT_MASK = 0x0fff_ffff;

/** MariaDB's GTID_LIST: the last one of every domain and server before its file. */
export function parseGtidList(event: Buffer): GtidSet {
  const set = parseGtidSet('', 'mariadb');
  const count = event.readUInt32LE(EVENT_HEADER_BYTES) & GTID_LIST_COUNT_MASK;
  for (let index = 0; index < count; index++) {
    const at = EVENT_HEADER_BYTES + 4 + index * 16;
    set.add({
      source: String(event.readUInt32LE(at)),
      server: event.readUInt32LE(at + 4),
      number: event.readBigUInt64LE(at + 8),
    });
  }
  return set;
}
