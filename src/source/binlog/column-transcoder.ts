import type { ColumnSchema } from '../../model/table-schema.js';
import { fractionDigits } from '../fraction-digits.js';
import { Inet4Transcoder, Inet6Transcoder, UuidTranscoder } from './address-transcoders.js';
import type { CharacterSets } from './character-sets.js';
import * as type from './column-types.js';
import * as hires from './hires-transcoders.js';
import * as numbers from './number-transcoders.js';
import * as strings from './string-transcoders.js';
import type { StreamColumn } from './table-map.js';
import * as temporal from './temporal-transcoders.js';
import type { ColumnTranscoder } from './transfer.js';

/**
 * What turns the column's values from their form in row images into that of the binary protocol.
 * `schema` is the column as the catalog has it, which the stream does not tell all of; null for a
 * column that is only passed over.
 */
export function createTranscoder(
  column: StreamColumn,
  schema: ColumnSchema | null,
  charsets: CharacterSets,
  isMariaDb: boolean,
): ColumnTranscoder {
  const { size } = column;
  switch (column.type) {
    case type.TINY:
      return new numbers.Copy1Transcoder();
    case type.SHORT:
      return new numbers.Copy2Transcoder();
    case type.INT24:
      return new numbers.MediumTranscoder(column.unsigned);
    case type.LONG:
      return new numbers.Copy4Transcoder();
    case type.LONGLONG:
      return new numbers.Copy8Transcoder();
    case type.FLOAT:
      return isMariaDb ? new numbers.MariaDbFloatTranscoder(4) : new numbers.Copy4Transcoder();
    case type.DOUBLE:
      return isMariaDb ? new numbers.MariaDbFloatTranscoder(8) : new numbers.Copy8Transcoder();
    case type.NEWDECIMAL:
      return new numbers.DecimalTranscoder(
        size,
        column.scale,
        /zerofill/.test(schema?.columnType ?? ''),
      );
    case type.YEAR:
      return new numbers.YearTranscoder();
    case type.BIT:
      return new numbers.BitTranscoder((size + 7) >> 3);
    case type.ENUM:
      return new strings.EnumTranscoder(size, membersOf(column, charsets));
    case type.SET:
      return new strings.SetTranscoder(size, membersOf(column, charsets));
    case type.STRING:
    case type.VARCHAR:
    case type.VAR_STRING:
    case type.VARCHAR_COMPRESSED:
    case type.TINY_BLOB:
    case type.BLOB:
    case type.MEDIUM_BLOB:
    case type.LONG_BLOB:
    case type.BLOB_COMPRESSED:
    case type.GEOMETRY:
    case type.VECTOR:
    case type.JSON_BINARY:
      return createStringTranscoder(column, schema, charsets);
    default:
      return createTemporalTranscoder(column, schema);
  }
}

function membersOf(column: StreamColumn, charsets: CharacterSets): Uint8Array[] {
  const { collation, members } = column;
  return members.map((member) =>
    collation === null ? member : charsets.toUtf8(collation, member),
  );
}

/** The bytes of the length before a value of at most `most` bytes. */
function lengthBytesFor(most: number): 1 | 2 {
  return most < 256 ? 1 : 2;
}

function createStringTranscoder(
  column: StreamColumn,
  schema: ColumnSchema | null,
  charsets: CharacterSets,
): ColumnTranscoder {
  const { collation, size } = column;
  const conversion =
    collation === null || schema === null ? null : charsets.conversionOf(collation);
  const text = (lengthBytes: 1 | 2 | 3 | 4): ColumnTranscoder =>
    conversion === null
      ? new strings.BytesTranscoder(lengthBytes)
      : new strings.TextTranscoder(lengthBytes, conversion);
  switch (column.type) {
    case type.STRING:
      return createFixedString(schema, size) ?? text(lengthBytesFor(size));
    case type.VARCHAR:
    case type.VAR_STRING:
      return text(lengthBytesFor(size));
    case type.VARCHAR_COMPRESSED:
      return new strings.CompressedTranscoder(lengthBytesFor(size), conversion);
    case type.BLOB_COMPRESSED:
      return new strings.CompressedTranscoder(size as 1 | 2 | 3 | 4, conversion);
    case type.JSON_BINARY:
      return new strings.JsonTranscoder(size as 1 | 2 | 3 | 4);
    case type.GEOMETRY:
    case type.VECTOR:
      return new strings.BytesTranscoder(size as 1 | 2 | 3 | 4);
    default:
      return text(size as 1 | 2 | 3 | 4);
  }
}

/** The binlog does not tell these from each other. */
function createFixedString(schema: ColumnSchema | null, size: number): ColumnTranscoder | null {
  switch (schema?.dataType) {
    case 'binary':
      return new strings.BinaryTranscoder(size);
    case 'uuid':
      return new UuidTranscoder();
    case 'inet4':
      return new Inet4Transcoder();
    case 'inet6':
      return new Inet6Transcoder();
    default:
      return null;
  }
}

function createTemporalTranscoder(
  column: StreamColumn,
  schema: ColumnSchema | null,
): ColumnTranscoder {
  const digits = fractionDigits(schema?.columnType ?? '');
  switch (column.type) {
    case type.DATE:
    case type.NEWDATE:
      return new temporal.DateTranscoder();
    case type.DATETIME2:
      return new temporal.DateTime2Transcoder(column.size);
    case type.TIMESTAMP2:
      return new temporal.Timestamp2Transcoder(column.size);
    case type.TIME2:
      return new temporal.Time2Transcoder(column.size);
    case type.DATETIME:
      return digits === 0
        ? new temporal.OldDateTimeTranscoder()
        : new hires.HiresDateTimeTranscoder(digits);
    case type.TIMESTAMP:
      return digits === 0
        ? new temporal.OldTimestampTranscoder()
        : new hires.HiresTimestampTranscoder(digits);
    case type.TIME:
      return digits === 0
        ? new temporal.OldTimeTranscoder()
        : new hires.HiresTimeTranscoder(digits);
    default:
      throw new Error(`column ${column.name}: no values of type ${column.type} are known`);
  }
}
