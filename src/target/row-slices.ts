import {
  type DuckDBDataChunk,
  DuckDBStructType,
  type DuckDBType,
  DuckDBTypeId,
} from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import { DucktailError } from '../common/errors.js';
import { isValid, validityOf } from './vector-validity.js';

/** What it takes to turn values into a format, as bytes of text that take as long. */
export interface Effort {
  /** For each byte of a value of the type; other types are small. */
  readonly perByte: ReadonlyMap<DuckDBTypeId, number>;
  /** For each element of a list, beside what the element itself takes. */
  readonly perElement: number;
  /** Rows that are turned in one go. */
  readonly slice: number;
  /** A row that takes more is refused. */
  readonly most: number;
  /** What that comes to, for the client. */
  readonly mostText: string;
}

export interface RowSlice {
  readonly from: number;
  readonly count: number;
  readonly effort: number;
}

/** Of `count` values from that one on. */
type Weigh = (from: number, count: number) => number;

/**
 * Cuts a chunk, which can be of any size, into rows that take little time and memory: whoever turns
 * them into something holds up everything else in this process meanwhile, replication too. Throws a
 * `query-limit` at a row that is too large by itself.
 */
export function* rowSlices(
  { chunk, rowCount }: DuckDBDataChunk,
  types: readonly DuckDBType[],
  effort: Effort,
): Generator<RowSlice> {
  const weighs = types
    .map((type, at) => weigher(duckdb.data_chunk_get_vector(chunk, at), type, rowCount, effort))
    .filter((weigh) => weigh !== null);
  const weightOf: Weigh = (from, count) => sum(weighs, (weigh) => weigh(from, count));
  const whole = weightOf(0, rowCount);
  if (whole <= effort.slice) {
    yield { from: 0, count: rowCount, effort: whole };
    return;
  }
  let from = 0;
  let taken = 0;
  for (let row = 0; row < rowCount; row++) {
    const weight = weightOf(row, 1);
    if (weight > effort.most) throw tooLarge(effort);
    if (row > from && taken + weight > effort.slice) {
      yield { from, count: row - from, effort: taken };
      from = row;
      taken = 0;
    }
    taken += weight;
  }
  yield { from, count: rowCount - from, effort: taken };
}

/** For a vector of so many values; null where all of them are small. */
function weigher(
  vector: duckdb.Vector,
  type: DuckDBType,
  size: number,
  effort: Effort,
): Weigh | null {
  const perByte = effort.perByte.get(type.typeId);
  if (perByte !== undefined) return stringWeigher(vector, size, perByte);
  switch (type.typeId) {
    case DuckDBTypeId.LIST:
      return listWeigher(vector, type.valueType, size, effort);
    case DuckDBTypeId.MAP: {
      const entry = new DuckDBStructType(['key', 'value'], [type.keyType, type.valueType]);
      return listWeigher(vector, entry, size, effort);
    }
    case DuckDBTypeId.ARRAY: {
      const { length, valueType } = type;
      const child = duckdb.array_vector_get_child(vector);
      const weigh = weigher(child, valueType, size * length, effort);
      return (from, count) =>
        count * length * effort.perElement + (weigh?.(from * length, count * length) ?? 0);
    }
    case DuckDBTypeId.STRUCT:
      return structWeigher(vector, type.entryTypes, 0, size, effort);
    case DuckDBTypeId.UNION:
      // Its first child says which of the others it is.
      return structWeigher(vector, type.memberTypes, 1, size, effort);
    default:
      return null;
  }
}

const STRING_BYTES = 16;

function stringWeigher(vector: duckdb.Vector, size: number, perByte: number): Weigh {
  const validity = validityOf(vector, size);
  const view = dataView(vector, size * STRING_BYTES);
  return (from, count) => {
    let bytes = 0;
    for (let at = from; at < from + count; at++) {
      if (isValid(validity, at)) bytes += view.getUint32(at * STRING_BYTES, true);
    }
    return bytes * perByte;
  };
}

const ENTRY_BYTES = 16;

function listWeigher(
  vector: duckdb.Vector,
  element: DuckDBType,
  size: number,
  effort: Effort,
): Weigh {
  const validity = validityOf(vector, size);
  const view = dataView(vector, size * ENTRY_BYTES);
  const elements = duckdb.list_vector_get_size(vector);
  const weigh = weigher(duckdb.list_vector_get_child(vector), element, elements, effort);
  return (from, count) => {
    let weight = 0;
    for (let at = from; at < from + count; at++) {
      if (!isValid(validity, at)) continue;
      const length = Number(view.getBigUint64(at * ENTRY_BYTES + 8, true));
      weight += length * effort.perElement;
      // What is refused anyway need not be looked at.
      if (weigh === null || weight > effort.most) continue;
      weight += weigh(Number(view.getBigUint64(at * ENTRY_BYTES, true)), length);
    }
    return weight;
  };
}

function structWeigher(
  vector: duckdb.Vector,
  types: readonly DuckDBType[],
  firstAt: number,
  size: number,
  effort: Effort,
): Weigh | null {
  const weighs = types
    .map((type, at) =>
      weigher(duckdb.struct_vector_get_child(vector, firstAt + at), type, size, effort),
    )
    .filter((weigh) => weigh !== null);
  if (weighs.length === 0) return null;
  return (from, count) => sum(weighs, (weigh) => weigh(from, count));
}

function dataView(vector: duckdb.Vector, bytes: number): DataView {
  const data = duckdb.vector_get_data(vector, bytes);
  return new DataView(data.buffer, data.byteOffset, data.byteLength);
}

function sum<T>(values: readonly T[], of: (value: T) => number): number {
  let total = 0;
  for (const value of values) total += of(value);
  return total;
}

function tooLarge({ mostText }: Effort): DucktailError {
  return new DucktailError('query-limit', `a row of the result has more than ${mostText}`, {
    hint: 'Ask for a part of its values, for more rows with less in each, or for Parquet.',
  });
}
