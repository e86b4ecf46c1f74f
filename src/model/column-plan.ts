import type { ColumnSchema, TableSchema } from './table-schema.js';

/**
 * The one map from MySQL and MariaDB types to DuckDB types. Everything that needs to know how a
 * column is stored (DDL, decoders, the Appender, dry runs) asks the plan made here.
 */

/** How a value lies in a column batch, which is how DuckDB's vector of that type holds it. */
export type Layout =
  | { readonly kind: 'fixed'; readonly bytes: 1 | 2 | 4 | 8 | 16 }
  /** 16 bytes: DuckDB's string_t, longer values in the batch's heap. */
  | { readonly kind: 'string' }
  /** 16 bytes: offset and length in elements of a FLOAT child vector; values in the heap. */
  | { readonly kind: 'float-list' };

/** How a value comes over the binary protocol and is turned into its layout. */
export type Encoding =
  /** Little-endian integer or IEEE float of the layout's width, copied as it is. */
  | { readonly kind: 'copy'; readonly bytes: 1 | 2 | 4 | 8 }
  | { readonly kind: 'tinyint-boolean' }
  | { readonly kind: 'bit'; readonly boolean: boolean }
  | { readonly kind: 'decimal'; readonly bytes: 2 | 4 | 8 | 16; readonly scale: number }
  | { readonly kind: 'date' }
  | { readonly kind: 'timestamp' }
  | { readonly kind: 'time' }
  | { readonly kind: 'time-interval' }
  | { readonly kind: 'text' }
  | { readonly kind: 'bytes' }
  /** 4 bytes SRID, then WKB: DuckDB keeps the WKB. */
  | { readonly kind: 'geometry' }
  | { readonly kind: 'vector' }
  | { readonly kind: 'uuid-text' };

export interface ColumnPlan {
  readonly name: string;
  /** The source's own declaration, for messages. */
  readonly sourceType: string;
  readonly duckdbType: string;
  readonly layout: Layout;
  readonly encoding: Encoding;
  /** What can be lost on the way, in the operator's words; null where nothing can. */
  readonly lossy: string | null;
}

export interface TypeOptions {
  readonly tinyint1As: 'boolean' | 'tinyint';
  readonly timeAs: 'time' | 'interval';
  readonly timestampAs: 'timestamp' | 'timestamptz';
}

/** Everything about a table that reading and writing it needs; crosses threads. */
export interface TablePlan {
  readonly schema: TableSchema;
  readonly columns: readonly ColumnPlan[];
  /** Positions of the key's columns in `columns`; empty without a key. */
  readonly keyColumns: readonly number[];
}

export function planTable(schema: TableSchema, options: TypeOptions): TablePlan {
  const columns = schema.columns.map((column) => planColumn(column, options));
  const keyColumns = (schema.key?.columns ?? []).map((name) =>
    schema.columns.findIndex((column) => column.name === name),
  );
  return { schema, columns, keyColumns };
}

function planColumn(column: ColumnSchema, options: TypeOptions): ColumnPlan {
  return { name: column.name, sourceType: column.columnType, ...mapType(column, options) };
}

type Mapping = Omit<ColumnPlan, 'name' | 'sourceType'>;

const DATE_LOSS = 'zero, partial and impossible dates become NULL';
const TIME_LOSS = 'times below 00:00:00 or from 24:00:00 become NULL';
const MAX_DECIMAL_DIGITS = 38;

type Bytes = 1 | 2 | 4 | 8;

/** Integers and floats: signed type, unsigned type, bytes on the wire and in the vector. */
const NUMBERS = new Map<string, readonly [signed: string, unsigned: string, bytes: Bytes]>([
  ['tinyint', ['TINYINT', 'UTINYINT', 1]],
  ['smallint', ['SMALLINT', 'USMALLINT', 2]],
  ['mediumint', ['INTEGER', 'UINTEGER', 4]],
  ['int', ['INTEGER', 'UINTEGER', 4]],
  ['bigint', ['BIGINT', 'UBIGINT', 8]],
  ['year', ['SMALLINT', 'SMALLINT', 2]],
  ['float', ['FLOAT', 'FLOAT', 4]],
  ['double', ['DOUBLE', 'DOUBLE', 8]],
]);

const BYTE_STRINGS = new Set(['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob']);

const GEOMETRIES = new Set([
  'geometry',
  'point',
  'linestring',
  'polygon',
  'multipoint',
  'multilinestring',
  'multipolygon',
  'geometrycollection',
  'geomcollection',
]);

function mapType(column: ColumnSchema, options: TypeOptions): Mapping {
  const { dataType } = column;
  const unsigned = /\bunsigned\b/.test(column.columnType);
  if (/^tinyint\(1\)/.test(column.columnType) && !unsigned && options.tinyint1As === 'boolean') {
    return fixed(
      'BOOLEAN',
      1,
      { kind: 'tinyint-boolean' },
      'other values than 0 and 1 become true',
    );
  }
  const number = NUMBERS.get(dataType);
  if (number !== undefined) {
    const [signedType, unsignedType, bytes] = number;
    return fixed(unsigned ? unsignedType : signedType, bytes, { kind: 'copy', bytes }, null);
  }
  if (BYTE_STRINGS.has(dataType)) return variable('BLOB', 'bytes', null);
  if (GEOMETRIES.has(dataType)) return variable('GEOMETRY', 'geometry', 'the SRID is dropped');
  switch (dataType) {
    case 'decimal':
      return decimal(column);
    case 'bit':
      return bit(column);
    case 'date':
      return fixed('DATE', 4, { kind: 'date' }, DATE_LOSS);
    case 'datetime':
      return fixed('TIMESTAMP', 8, { kind: 'timestamp' }, DATE_LOSS);
    case 'timestamp':
      return fixed(options.timestampAs.toUpperCase(), 8, { kind: 'timestamp' }, DATE_LOSS);
    case 'time':
      return options.timeAs === 'interval'
        ? fixed('INTERVAL', 16, { kind: 'time-interval' }, null)
        : fixed('TIME', 8, { kind: 'time' }, TIME_LOSS);
    case 'json':
      return variable('JSON', 'text', null);
    case 'vector':
      return {
        duckdbType: 'FLOAT[]',
        layout: { kind: 'float-list' },
        encoding: { kind: 'vector' },
        lossy: null,
      };
    case 'uuid':
      return fixed('UUID', 16, { kind: 'uuid-text' }, null);
    default:
      // CHAR, VARCHAR, the TEXTs, ENUM, SET, INET4, INET6, and whatever a newer server adds: the
      // server sends its text form, which loses nothing.
      return variable(column.isJsonText ? 'JSON' : 'VARCHAR', 'text', null);
  }
}

const STRING: Layout = { kind: 'string' };

function fixed(
  duckdbType: string,
  bytes: 1 | 2 | 4 | 8 | 16,
  encoding: Encoding,
  lossy: string | null,
): Mapping {
  return { duckdbType, layout: { kind: 'fixed', bytes }, encoding, lossy };
}

function variable(
  duckdbType: string,
  kind: 'text' | 'bytes' | 'geometry',
  lossy: string | null,
): Mapping {
  return { duckdbType, layout: STRING, encoding: { kind }, lossy };
}

function decimal(column: ColumnSchema): Mapping {
  const precision = column.numericPrecision ?? 10;
  const scale = column.numericScale ?? 0;
  if (precision > MAX_DECIMAL_DIGITS) return variable('VARCHAR', 'text', null);
  const bytes = precision <= 4 ? 2 : precision <= 9 ? 4 : precision <= 18 ? 8 : 16;
  return fixed(`DECIMAL(${precision},${scale})`, bytes, { kind: 'decimal', bytes, scale }, null);
}

function bit(column: ColumnSchema): Mapping {
  return (column.numericPrecision ?? 1) === 1
    ? fixed('BOOLEAN', 1, { kind: 'bit', boolean: true }, null)
    : fixed('UBIGINT', 8, { kind: 'bit', boolean: false }, null);
}
