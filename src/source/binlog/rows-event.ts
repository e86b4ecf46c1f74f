import { DucktailError } from '../../common/errors.js';
import { ByteReader } from './byte-reader.js';
import { inflateBody } from './compressed-body.js';
import { EVENT_HEADER_BYTES } from './event-layout.js';
import type { RawEvent } from './raw-event.js';

export type RowsKind = 'write' | 'update' | 'delete';

/** A rows event with its row images: one each of `write` and `delete`, before and after of `update`. */
export interface RowsEvent {
  readonly kind: RowsKind;
  /** The images lie in `bytes` from `start` to `end`. */
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** With MySQL's "extra data" behind the flags. */
const WITH_EXTRA_DATA = 1;
/** MariaDB's log_bin_compress. */
const COMPRESSED = 2;

interface Form {
  readonly kind: RowsKind;
  readonly flags: number;
}

/** By type: it is asked for every event. */
const FORMS: readonly (Form | undefined)[] = Array.from({ length: 256 }, (_, type) => {
  const kinds = ['write', 'update', 'delete'] as const;
  for (const [first, flags] of [
    [23, 0],
    [30, WITH_EXTRA_DATA],
    [166, COMPRESSED],
    [169, COMPRESSED | WITH_EXTRA_DATA],
  ]) {
    if (type >= first && type < first + kinds.length) return { kind: kinds[type - first], flags };
  }
  return undefined;
});

const PARTIAL_UPDATE_ROWS = 39;
/** Table id and flags. */
const POST_HEADER_BYTES = 8;
const FLAGS_OFFSET = EVENT_HEADER_BYTES + 6;
const NO_FOREIGN_KEY_CHECKS = 2;
/** From here on the number of columns takes more than a byte. */
const LONG_WIDTH = 0xfb;

export function isRowsEvent(type: number): boolean {
  return FORMS[type] !== undefined || type === PARTIAL_UPDATE_ROWS;
}

/** Foreign keys took effect: the session had its checks on. */
export function heedsForeignKeys(event: RawEvent): boolean {
  return (event.uint8(FLAGS_OFFSET) & NO_FOREIGN_KEY_CHECKS) === 0;
}

export function isDeleteEvent(event: RawEvent): boolean {
  return FORMS[event.type]?.kind === 'delete';
}

/** `columns` is how many its TABLE_MAP event told of; `table` is named in errors. */
export function readRowsEvent(event: RawEvent, columns: number, table: string): RowsEvent {
  const { bytes, end } = event;
  const form = FORMS[event.type];
  if (form === undefined) throw unknownRows(event.type, table);
  const { kind, flags } = form;
  let at = event.start + EVENT_HEADER_BYTES + POST_HEADER_BYTES;
  // The extra data's length counts its own two bytes.
  if ((flags & WITH_EXTRA_DATA) !== 0) at += bytes[at] | (bytes[at + 1] << 8);
  if (bytes[at] === columns && columns < LONG_WIDTH) {
    at += 1;
  } else {
    const reader = new ByteReader(bytes, at, end);
    const width = reader.packed();
    if (width !== columns) {
      throw new Error(`malformed rows event: ${width} columns of ${columns} in ${table}`);
    }
    at = reader.at;
  }
  at = requireAllPresent(bytes, at, columns, table);
  if (kind === 'update') at = requireAllPresent(bytes, at, columns, table);
  if ((flags & COMPRESSED) === 0) return { kind, bytes, start: at, end };
  const inflated = inflateBody(bytes.subarray(at, end));
  return { kind, bytes: inflated, start: 0, end: inflated.length };
}

/** Behind the bitmap at `at` of the columns that the images have. */
function requireAllPresent(bytes: Uint8Array, at: number, width: number, table: string): number {
  const whole = width >> 3;
  for (let i = 0; i < whole; i++) if (bytes[at + i] !== 0xff) throw notFull(table);
  const rest = width & 7;
  if (rest === 0) return at + whole;
  const mask = (1 << rest) - 1;
  if ((bytes[at + whole] & mask) !== mask) throw notFull(table);
  return at + whole + 1;
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
