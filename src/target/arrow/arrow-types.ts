import { type DuckDBType, DuckDBTypeId } from '@duckdb/node-api';
import * as arrow from 'apache-arrow';
import {
  BooleanBuilder,
  type ColumnBuilder,
  FixedBuilder,
  ListBuilder,
  NarrowDecimalBuilder,
  StringBuilder,
} from './column-builder.js';

/** Types whose values are the same bytes on both sides. */
const SAME_BYTES = new Map<DuckDBTypeId, readonly [() => arrow.DataType, number]>([
  [DuckDBTypeId.TINYINT, [() => new arrow.Int8(), 1]],
  [DuckDBTypeId.SMALLINT, [() => new arrow.Int16(), 2]],
  [DuckDBTypeId.INTEGER, [() => new arrow.Int32(), 4]],
  [DuckDBTypeId.BIGINT, [() => new arrow.Int64(), 8]],
  [DuckDBTypeId.UTINYINT, [() => new arrow.Uint8(), 1]],
  [DuckDBTypeId.USMALLINT, [() => new arrow.Uint16(), 2]],
  [DuckDBTypeId.UINTEGER, [() => new arrow.Uint32(), 4]],
  [DuckDBTypeId.UBIGINT, [() => new arrow.Uint64(), 8]],
  [DuckDBTypeId.FLOAT, [() => new arrow.Float32(), 4]],
  [DuckDBTypeId.DOUBLE, [() => new arrow.Float64(), 8]],
  [DuckDBTypeId.DATE, [() => new arrow.DateDay(), 4]],
  [DuckDBTypeId.TIME, [() => new arrow.TimeMicrosecond(), 8]],
  [DuckDBTypeId.TIMESTAMP, [() => new arrow.TimestampMicrosecond(), 8]],
  [DuckDBTypeId.TIMESTAMP_TZ, [() => new arrow.TimestampMicrosecond('UTC'), 8]],
  [DuckDBTypeId.TIMESTAMP_S, [() => new arrow.TimestampSecond(), 8]],
  [DuckDBTypeId.TIMESTAMP_MS, [() => new arrow.TimestampMillisecond(), 8]],
  [DuckDBTypeId.TIMESTAMP_NS, [() => new arrow.TimestampNanosecond(), 8]],
]);

/** Null where Arrow has nothing for it: it is sent as text then. */
export function builderFor(type: DuckDBType): ColumnBuilder | null {
  const same = SAME_BYTES.get(type.typeId);
  if (same !== undefined) return new FixedBuilder(same[0](), same[1]);
  switch (type.typeId) {
    case DuckDBTypeId.BOOLEAN:
      return new BooleanBuilder(new arrow.Bool());
    case DuckDBTypeId.VARCHAR:
      return new StringBuilder(new arrow.Utf8());
    case DuckDBTypeId.BLOB:
    case DuckDBTypeId.GEOMETRY:
      return new StringBuilder(new arrow.Binary());
    case DuckDBTypeId.DECIMAL:
      return decimalBuilder(type.width, type.scale);
    case DuckDBTypeId.LIST: {
      const child = builderFor(type.valueType);
      return child === null
        ? null
        : new ListBuilder(new arrow.Field('item', child.type, true), child);
    }
    default:
      return null;
  }
}

function decimalBuilder(width: number, scale: number): ColumnBuilder {
  const type = new arrow.Decimal(scale, width, 128);
  if (width > 18) return new FixedBuilder(type, 16);
  return new NarrowDecimalBuilder(type, width > 9 ? 8 : width > 4 ? 4 : 2);
}
