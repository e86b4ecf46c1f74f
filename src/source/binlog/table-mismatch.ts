import type { TablePlan } from '../../model/column-plan.js';
import type { ColumnSchema } from '../../model/table-schema.js';
import { fractionDigits } from '../fraction-digits.js';
import type { CharacterSets } from './character-sets.js';
import * as type from './column-types.js';
import type { StreamColumn, TableMap } from './table-map.js';

/**
 * Columns that a server keeps for itself and logs, but tells nobody of: MariaDB's hash of a UNIQUE
 * over long texts, and MySQL's behind an index over an expression.
 */
const HIDDEN = /^(?:DB_ROW_HASH_\d+|!hidden!.*)$/;

/** Likewise of a system-versioned table that declares none of its own. */
const VERSION_COLUMNS = ['row_start', 'row_end'];

function isHidden(name: string, { schema }: TablePlan): boolean {
  if (schema.columns.some((column) => column.name === name)) return false;
  return HIDDEN.test(name) || (schema.rowEnd !== undefined && VERSION_COLUMNS.includes(name));
}

/** For each of the stream's columns its position in the plan; null for hidden ones. */
export function matchColumns(plan: TablePlan, map: TableMap): (number | null)[] {
  const positions = new Map(plan.columns.map(({ name }, at) => [name, at]));
  return map.columns.map(({ name }) => positions.get(name) ?? null);
}

/**
 * Why the stream's description does not fit the plan (names, order, types, signedness, character
 * set, members, precision, primary key), in the operator's words; null where it does. What no value
 * depends on is not compared: the length of texts, whether NULL is allowed, the kind of a geometry.
 */
export function describeMismatch(
  plan: TablePlan,
  map: TableMap,
  charsets: CharacterSets,
): string | null {
  const known = plan.schema.columns;
  const streamed = map.columns.filter(({ name }) => !isHidden(name, plan));
  const names = describeNames(
    streamed.map(({ name }) => name),
    known.map(({ name }) => name),
  );
  if (names !== null) return names;
  for (const [at, column] of streamed.entries()) {
    const expected = expectedType(known[at], column);
    const found = streamedType(column, charsets);
    if (found.toLowerCase() !== expected.toLowerCase()) {
      return `column ${column.name} is ${found} in the binlog and ${expected} in the replica's plan`;
    }
  }
  return describeKey(plan, map);
}

function describeNames(streamed: readonly string[], known: readonly string[]): string | null {
  const added = streamed.filter((name) => !known.includes(name));
  const dropped = known.filter((name) => !streamed.includes(name));
  const parts = [
    ...(added.length === 0 ? [] : [`has ${added.join(', ')}, which the replica's plan lacks`]),
    ...(dropped.length === 0 ? [] : [`lacks ${dropped.join(', ')} of the replica's plan`]),
  ];
  if (parts.length > 0) return `the table in the binlog ${parts.join(', and ')}`;
  const moved = streamed.find((name, at) => name !== known[at]);
  return moved === undefined ? null : `column ${moved} is at another place in the binlog`;
}

/**
 * Where there is no primary key the stream tells of a UNIQUE one in its place, of several perhaps
 * not the plan's.
 */
function describeKey(plan: TablePlan, map: TableMap): string | null {
  const { schema } = plan;
  if (schema.key !== null && schema.key.indexName !== 'PRIMARY') return null;
  const known = schema.key?.columns ?? [];
  const streamed = map.primaryKey
    .map((at) => map.columns[at].name)
    .filter((name) => !isHidden(name, plan));
  if (streamed.length === known.length && streamed.every((name) => known.includes(name)))
    return null;
  const list = (names: readonly string[]): string => names.join(', ') || 'none';
  return `the key is ${list(streamed)} in the binlog and ${list(known)} in the replica's plan`;
}

const NUMBERS = new Map<number, string>([
  [type.TINY, 'tinyint'],
  [type.SHORT, 'smallint'],
  [type.INT24, 'mediumint'],
  [type.LONG, 'int'],
  [type.LONGLONG, 'bigint'],
  [type.FLOAT, 'float'],
  [type.DOUBLE, 'double'],
]);

const OTHERS = new Map<number, string>([
  [type.YEAR, 'year'],
  [type.DATE, 'date'],
  [type.NEWDATE, 'date'],
  [type.GEOMETRY, 'geometry'],
  [type.VECTOR, 'vector'],
  [type.JSON_BINARY, 'json'],
]);

const TEMPORAL = new Map<number, string>([
  [type.TIMESTAMP2, 'timestamp'],
  [type.DATETIME2, 'datetime'],
  [type.TIME2, 'time'],
]);

/** Their fractions are not in the stream. */
const OLD_TEMPORAL = new Map<number, string>([
  [type.TIMESTAMP, 'timestamp'],
  [type.DATETIME, 'datetime'],
  [type.TIME, 'time'],
]);

const BINARY = 'binary';

/** The stream's column in the words that `expectedType` has for the catalog's. */
function streamedType(column: StreamColumn, charsets: CharacterSets): string {
  const { type: kind, size, scale, unsigned, collation } = column;
  const sign = unsigned ? ' unsigned' : '';
  const number = NUMBERS.get(kind);
  if (number !== undefined) return number + sign;
  if (kind === type.NEWDECIMAL) return `decimal(${size},${scale})${sign}`;
  if (kind === type.BIT) return `bit(${size})`;
  const temporal = TEMPORAL.get(kind);
  if (temporal !== undefined) return temporalType(temporal, size);
  const other = OTHERS.get(kind) ?? OLD_TEMPORAL.get(kind);
  if (other !== undefined) return other;
  const characterSet = collation === null ? BINARY : nameOf(collation, charsets);
  if (kind === type.ENUM || kind === type.SET) {
    const members = column.members.map((member) => quoteMember(member, collation, charsets));
    return choiceType(kind === type.ENUM ? 'enum' : 'set', members, characterSet);
  }
  if (kind === type.STRING && characterSet === BINARY) return `binary(${size})`;
  return characterSet === BINARY ? 'bytes' : textType(characterSet);
}

function nameOf(collation: number, charsets: CharacterSets): string {
  return charsets.nameOf(collation) ?? `of collation ${collation}`;
}

function temporalType(name: string, digits: number): string {
  return digits === 0 ? name : `${name}(${digits})`;
}

function textType(characterSet: string): string {
  return `text in ${characterSet === 'utf8' ? 'utf8mb3' : characterSet}`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "'": "''",
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\0': '\\0',
};

/** As both servers write it in COLUMN_TYPE, which has no characters beyond U+FFFF. */
function quoteMember(
  member: Uint8Array,
  collation: number | null,
  charsets: CharacterSets,
): string {
  const utf8 = collation === null ? member : charsets.toUtf8(collation, member);
  const text = Buffer.from(utf8).toString('utf8');
  return `'${text.replace(/['\\\n\r\0]/g, (one) => ESCAPES[one]).replace(/[\u{10000}-\u{10ffff}]/gu, '?')}'`;
}

function choiceType(name: string, members: readonly string[], characterSet: string): string {
  return `${name}(${members.join(',')}) ${textType(characterSet)}`;
}

const BYTE_TYPES = new Set(['varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob']);
const TEXT_TYPES = new Set(['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext']);
const GEOMETRIES = new Set([
  ...['geometry', 'point', 'linestring', 'polygon', 'multipoint', 'multilinestring'],
  ...['multipolygon', 'geometrycollection', 'geomcollection'],
]);
/** The binlog has no types of their own for them. */
const FIXED_BYTES = new Map([
  ['uuid', 'binary(16)'],
  ['inet6', 'binary(16)'],
  ['inet4', 'binary(4)'],
]);

/** What the stream has to say of a column that the catalog describes like this. */
function expectedType(schema: ColumnSchema, column: StreamColumn): string {
  const { dataType, columnType } = schema;
  const sign = /\bunsigned\b/.test(columnType) ? ' unsigned' : '';
  const characterSet = schema.characterSet ?? BINARY;
  if ([...NUMBERS.values()].includes(dataType)) return dataType + sign;
  if (dataType === 'decimal') {
    return `decimal(${schema.numericPrecision ?? 10},${schema.numericScale ?? 0})${sign}`;
  }
  if (dataType === 'bit') return `bit(${schema.numericPrecision ?? 1})`;
  if ([...TEMPORAL.values()].includes(dataType)) {
    if (OLD_TEMPORAL.has(column.type)) return dataType;
    return temporalType(dataType, fractionDigits(columnType));
  }
  if (dataType === 'enum' || dataType === 'set') {
    return `${columnType} ${textType(characterSet)}`;
  }
  if (GEOMETRIES.has(dataType)) return 'geometry';
  if (dataType === BINARY) return /^binary\(\d+\)/.exec(columnType)?.[0] ?? columnType;
  if (BYTE_TYPES.has(dataType)) return 'bytes';
  if (TEXT_TYPES.has(dataType)) return textType(characterSet);
  return FIXED_BYTES.get(dataType) ?? dataType;
}
