import { inflateSync } from 'node:zlib';
import { DucktailError } from '../../common/errors.js';
import { ByteReader } from './byte-reader.js';
import { EVENT_HEADER_BYTES, eventType } from './event-layout.js';

export type RowsKind = 'write' | 'update' | 'delete';

/** A rows event with its row images: one each of `write` and `delete`, before and after of `update`. */
export interface RowsEvent {
  readonly kind: RowsKind;
  /** The images lie in `bytes` from `start` to `end`. */
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** Foreign keys took effect: the session had its checks on. */
  readonly heedsForeignKeys: boolean;
}

/** With MySQL's "extra data" behind the flags. */
const WITH_EXTRA_DATA = 1;
/** MariaDB's log_bin_compress. */
const COMPRESSED = 2;

const KINDS = new Map<number, readonly [kind: RowsKind, form: number]>([
  [23, ['write', 0]],
  [24, ['update', 0]],
  [25, ['delete', 0]],
  [30, ['write', WITH_EXTRA_DATA]],
  [31, ['update', WITH_EXTRA_DATA]],
  [32, ['delete', WITH_EXTRA_DATA]],
  [166, ['write', COMPRESSED]],
  [167, ['update', COMPRESSED]],
  [168, ['delete', COMPRESSED]],
  [169, ['write', COMPRESSED | WITH_EXTRA_DATA]],
  [170, ['update', COMPRESSED | WITH_EXTRA_DATA]],
  [171, ['delete', COMPRESSED | WITH_EXTRA_DATA]],
]);

const PARTIAL_UPDATE_ROWS = 39;
/** Table id and flags. */
const POST_HEADER_BYTES = 8;
const FLAGS_OFFSET = EVENT_HEADER_BYTES + 6;
const NO_FOREIGN_KEY_CHECKS = 2;

export function isRowsEvent(type: number): boolean {
  return KINDS.has(type) || type === PARTIAL_UPDATE_ROWS;
}

export function heedsForeignKeys(event: Uint8Array): boolean {
  return (event[FLAGS_OFFSET] & NO_FOREIGN_KEY_CHECKS) === 0;
}

export function isDeleteEvent(event: Uint8Array): boolean {
  return KINDS.get(eventType(event))?.[0] === 'delete';
}

/** `columns` is how many its TABLE_MAP event told of; `table` is named in errors. */
export function readRowsEvent(event: Uint8Array, columns: number, table: string): RowsEvent {
  const type = eventType(event);
  const found = KINDS.get(type);
  if (found === undefined) throw unknownRows(type, table);
  const [kind, form] = found;
  let at = EVENT_HEADER_BYTES + POST_HEADER_BYTES;
  // The extra data's length counts its own two bytes.
  if ((form & WITH_EXTRA_DATA) !== 0) at += event[at] | (event[at + 1] << 8);
  const reader = new ByteReader(event, at);
  const width = reader.packed();
  if (width !== columns) {
    throw new Error(`malformed rows event: ${width} columns of ${columns} in ${table}`);
  }
  at = requireAllPresent(event, reader.at, width, table);
  if (kind === 'update') at = requireAllPresent(event, at, width, table);
  const heeds = { heedsForeignKeys: heedsForeignKeys(event) };
  if ((form & COMPRESSED) === 0) {
    return { kind, bytes: event, start: at, end: event.length, ...heeds };
  }
  const bytes = inflate(event, at);
  return { kind, bytes, start: 0, end: bytes.length, ...heeds };
}

/** Behind the bitmap at `at` of the columns that the images have. */
function requireAllPresent(event: Uint8Array, at: number, width: number, table: string): number {
  const whole = width >> 3;
  for (let i = 0; i < whole; i++) if (event[at + i] !== 0xff) throw notFull(table);
  const rest = width & 7;
  if (rest === 0) return at + whole;
  const mask = (1 << rest) - 1;
  if ((event[at + whole] & mask) !== mask) throw notFull(table);
  return at + whole + 1;
}

/** A byte with the algorithm (0: zlib) and the bytes of the big-endian length that follows. */
function inflate(event: Uint8Array, start: number): Uint8Array {
  const head = event[start];
  const lengthBytes = head & 0x07;
  if ((head & 0xf0) !== 0x80) {
    throw new Error(`malformed rows event: compressed by unknown way 0x${head.toString(16)}`);
  }
  return inflateSync(event.subarray(start + 1 + lengthBytes));
}

function notFull(table: string): DucktailError {
  return new DucktailError(
    'source-unsuitable',
    'A change in the binlog has not all columns: binlog_row_image was not FULL where it was made.',
    {
      table,
      hint:
        "Run SET GLOBAL binlog_row_image = 'FULL', keep it in the server's configuration, see that " +
        'no session sets it otherwise, and run a full sync.',
    },
  );
}

function unknownRows(type: number, table: string): Error {
  if (type !== PARTIAL_UPDATE_ROWS) return new Error(`event type ${type} is not a rows event`);
  return new DucktailError(
    'source-unsuitable',
    'A change in the binlog has parts of JSON documents: binlog_row_value_options is PARTIAL_JSON.',
    {
      table,
      hint:
        "Run SET GLOBAL binlog_row_value_options = '', see that no session sets it otherwise, and " +
        'run a full sync.',
    },
  );
}
