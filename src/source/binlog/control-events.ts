import { type Gtid, type GtidSet, parseGtidSet } from '../../model/gtid-set.js';
import { formatXid } from '../../model/xid.js';
import { inflateBody } from './compressed-body.js';
import { EVENT_HEADER_BYTES, EVENT_TYPE_OFFSET } from './event-layout.js';
import { EventType } from './event-types.js';
import type { RawEvent } from './raw-event.js';
import { readTaggedGtid } from './tagged-gtid.js';
import { formatUuid, type UuidReader } from './uuid.js';

/**
 * Parsers of the events that are not rows. Each takes the whole event, header first, without
 * checksum: those that come with every transaction where it lies, the others as a Buffer.
 */

/** A transaction, or with `xid` the part of an XA transaction up to its PREPARE. */
export interface Opening {
  readonly xid: string | null;
}

/** Of all transactions but those. */
export const PLAIN: Opening = { xid: null };

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
export function parseTransactionStart(event: RawEvent, uuids: UuidReader): TransactionStart {
  switch (event.type) {
    case EventType.MARIADB_GTID:
      return parseMariadbGtid(event);
    case EventType.GTID_TAGGED:
      return { ...readTaggedGtid(event.toBuffer().subarray(EVENT_HEADER_BYTES)), opens: null };
    case EventType.GTID:
      return {
        gtid: {
          source: uuids.read(event, GTID_UUID),
          server: 0,
          number: event.view.getBigInt64(event.start + GTID_NUMBER, true),
        },
        commitTimeMs: readCommitTime(event),
        opens: null,
      };
    default:
      return { gtid: null, commitTimeMs: readCommitTime(event), opens: null };
  }
}

function readCommitTime(event: RawEvent): number | null {
  if (event.length < GTID_COMMIT_TIME + 7) return null;
  const low = event.uint32(GTID_COMMIT_TIME);
  const high =
    (event.uint16(GTID_COMMIT_TIME + 4) | (event.uint8(GTID_COMMIT_TIME + 6) << 16)) &
    COMMIT_TIME_MASK;
  return Math.floor((high * 2 ** 32 + low) / 1000);
}

const MARIADB_STANDALONE = 1;
const MARIADB_GROUP_COMMIT = 2;
const MARIADB_PREPARED_XA = 64;

function parseMariadbGtid(event: RawEvent): TransactionStart {
  const gtid = {
    source: String(event.uint32(EVENT_HEADER_BYTES + 8)),
    server: event.server,
    number: event.view.getBigUint64(event.start + EVENT_HEADER_BYTES, true),
  };
  const flags = event.uint8(EVENT_HEADER_BYTES + 12);
  if ((flags & MARIADB_STANDALONE) !== 0) return { gtid, commitTimeMs: null, opens: null };
  const isXa = (flags & MARIADB_PREPARED_XA) !== 0;
  return {
    gtid,
    commitTimeMs: null,
    opens: isXa ? { xid: readMariadbXid(event.toBuffer(), flags) } : PLAIN,
  };
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

/** `BEGI` and `N`. */
const BEGIN_HEAD = 0x49474542;
const BEGIN_TAIL = 0x4e;
const BEGIN_BYTES = 5;

/** A QUERY that is nothing but BEGIN, as before every transaction of MySQL. */
export function isBegin(event: RawEvent): boolean {
  const at = event.length - BEGIN_BYTES;
  if (event.uint32(at) !== BEGIN_HEAD || event.uint8(at + 4) !== BEGIN_TAIL) return false;
  const statusBytes = event.uint16(EVENT_HEADER_BYTES + 11);
  return EVENT_HEADER_BYTES + 14 + statusBytes + event.uint8(EVENT_HEADER_BYTES + 8) === at;
}

/** QUERY (2), MariaDB's QUERY_COMPRESSED (165) and EXECUTE_LOAD_QUERY (18). */
export function parseStatement(event: Buffer): Statement {
  const databaseBytes = event[EVENT_HEADER_BYTES + 8];
  const statusBytes = event.readUInt16LE(EVENT_HEADER_BYTES + 11);
  const loadBytes = event[EVENT_TYPE_OFFSET] === EventType.EXECUTE_LOAD_QUERY ? 13 : 0;
  const databaseAt = EVENT_HEADER_BYTES + 13 + loadBytes + statusBytes;
  const body = event.subarray(databaseAt + databaseBytes + 1);
  const text = event[EVENT_TYPE_OFFSET] === EventType.QUERY_COMPRESSED ? inflateBody(body) : body;
  return {
    text: text.toString('utf8'),
    database: event.toString('utf8', databaseAt, databaseAt + databaseBytes),
  };
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
