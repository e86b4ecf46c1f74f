import { ByteReader } from './byte-reader.js';
import * as type from './column-types.js';

/** The optional part of a TABLE_MAP event, by the columns' positions. */
export interface TableMetadata {
  /** All columns' names, or none where the source does not log them. */
  readonly names: string[];
  readonly unsigned: Set<number>;
  readonly collations: Map<number, number>;
  readonly members: Map<number, Uint8Array[]>;
  readonly geometryTypes: Map<number, number>;
  primaryKey: number[];
}

const SIGNEDNESS = 1;
const DEFAULT_CHARSET = 2;
const COLUMN_CHARSET = 3;
const COLUMN_NAME = 4;
const SET_VALUES = 5;
const ENUM_VALUES = 6;
const GEOMETRY_TYPE = 7;
const SIMPLE_PRIMARY_KEY = 8;
const PRIMARY_KEY_WITH_PREFIX = 9;
const CHOICE_DEFAULT_CHARSET = 10;
const CHOICE_COLUMN_CHARSET = 11;

const NUMERIC = [
  ...[type.TINY, type.SHORT, type.INT24, type.LONG, type.LONGLONG],
  ...[type.NEWDECIMAL, type.FLOAT, type.DOUBLE, type.YEAR],
];
const TEXT = [type.STRING, type.VAR_STRING, type.VARCHAR, type.BLOB];
const MARIADB_TEXT = [...TEXT, type.GEOMETRY, type.BLOB_COMPRESSED, type.VARCHAR_COMPRESSED];
const CHOICES = [type.ENUM, type.SET];

/** Reads what is left of a TABLE_MAP event. Each field speaks of the columns of some types alone. */
export function readMetadata(
  types: readonly number[],
  reader: ByteReader,
  isMariaDb: boolean,
): TableMetadata {
  const metadata: TableMetadata = {
    names: [],
    unsigned: new Set(),
    collations: new Map(),
    members: new Map(),
    geometryTypes: new Map(),
    primaryKey: [],
  };
  const columnsOf = (wanted: readonly number[]): number[] =>
    [...types.keys()].filter((at) => wanted.includes(types[at]));
  const texts = columnsOf(isMariaDb ? MARIADB_TEXT : TEXT);
  while (!reader.isAtEnd) {
    const kind = reader.byte();
    const length = reader.packed();
    const field = new ByteReader(reader.bytes, reader.at, reader.at + length);
    reader.at += length;
    readField(kind, field, texts, columnsOf, metadata);
  }
  return metadata;
}

function readField(
  kind: number,
  field: ByteReader,
  texts: readonly number[],
  columnsOf: (types: readonly number[]) => number[],
  metadata: TableMetadata,
): void {
  switch (kind) {
    case SIGNEDNESS:
      readUnsigned(field, columnsOf(NUMERIC), metadata.unsigned);
      break;
    case DEFAULT_CHARSET:
      readDefaultCollation(field, texts, metadata.collations);
      break;
    case COLUMN_CHARSET:
      for (const at of texts) metadata.collations.set(at, field.packed());
      break;
    case CHOICE_DEFAULT_CHARSET:
      readDefaultCollation(field, columnsOf(CHOICES), metadata.collations);
      break;
    case CHOICE_COLUMN_CHARSET:
      for (const at of columnsOf(CHOICES)) metadata.collations.set(at, field.packed());
      break;
    case COLUMN_NAME:
      while (!field.isAtEnd) metadata.names.push(field.text(field.packed()));
      break;
    case SET_VALUES:
      readMembers(field, columnsOf([type.SET]), metadata.members);
      break;
    case ENUM_VALUES:
      readMembers(field, columnsOf([type.ENUM]), metadata.members);
      break;
    case GEOMETRY_TYPE:
      for (const at of columnsOf([type.GEOMETRY])) metadata.geometryTypes.set(at, field.packed());
      break;
    case SIMPLE_PRIMARY_KEY:
      while (!field.isAtEnd) metadata.primaryKey.push(field.packed());
      break;
    case PRIMARY_KEY_WITH_PREFIX:
      while (!field.isAtEnd) {
        metadata.primaryKey.push(field.packed());
        field.packed();
      }
      break;
    default:
    // Visibility, a vector's dimension, and what newer servers add: nothing that values need.
  }
}

/** One bit per numeric column, the highest of a byte first. */
function readUnsigned(field: ByteReader, columns: readonly number[], unsigned: Set<number>): void {
  const bits = field.view(field.end - field.at);
  columns.forEach((column, index) => {
    if ((bits[index >> 3] & (0x80 >> (index & 7))) !== 0) unsigned.add(column);
  });
}

/** What most columns have, then the others as pairs of index (among such columns) and collation. */
function readDefaultCollation(
  field: ByteReader,
  columns: readonly number[],
  collations: Map<number, number>,
): void {
  const usual = field.packed();
  for (const column of columns) collations.set(column, usual);
  while (!field.isAtEnd) {
    const column = columns[field.packed()];
    collations.set(column, field.packed());
  }
}

function readMembers(
  field: ByteReader,
  columns: readonly number[],
  members: Map<number, Uint8Array[]>,
): void {
  for (const column of columns) {
    const count = field.packed();
    members.set(
      column,
      Array.from({ length: count }, () => field.view(field.packed())),
    );
  }
}
