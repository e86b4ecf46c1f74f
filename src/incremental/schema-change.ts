import type { TablePlan } from '../model/column-plan.js';
import type { ColumnSchema } from '../model/table-schema.js';
import type { TableRecord } from '../state/tables.js';

/**
 * Why the table has to be copied again instead of being followed: its definition changed, or it may
 * hold other rows under old watermarks. null: it is as it was.
 *
 * Columns could be dropped, widened or added in place where the change itself says what the old rows
 * hold. But the server does not tell an ALTER from a table that was made anew (both set its creation
 * time), nor a renamed column from one that went and one that came. To compare the old rows takes
 * two thirds of the time that copying them takes.
 */
export function schemaChange({ schema, columns }: TablePlan, record: TableRecord): string | null {
  const keyColumns = schema.key?.columns ?? [];
  if (JSON.stringify(keyColumns) !== JSON.stringify(record.keyColumns)) {
    return 'its key has changed';
  }
  if (!sameColumns(schema.columns, record.columns)) return 'its columns have changed';
  const isTyped =
    columns.length === record.replicaColumns.length &&
    columns.every(({ name, duckdbType }, at) => {
      const found = record.replicaColumns[at];
      return found.name === name && found.type === duckdbType;
    });
  // After the options for types changed, or after an ALTER by hand.
  if (!isTyped) return 'its copy has other columns';
  if (schema.createdAt !== record.createdAt) return 'the source has rebuilt it or made it anew';
  return isTruncated(schema.autoIncrement, record.autoIncrement) ? 'it was truncated' : null;
}

function sameColumns(a: readonly ColumnSchema[], b: readonly ColumnSchema[]): boolean {
  return JSON.stringify(a.map(definition)) === JSON.stringify(b.map(definition));
}

/** What of a column its stored values depend on. */
function definition({ name, columnType, characterSet, isJsonText }: ColumnSchema): unknown {
  return [name, columnType, characterSet, isJsonText];
}

/** TRUNCATE leaves the creation time, but sets the counter back: to 1, which MySQL shows as none. */
function isTruncated(now: string | null, before: string | null): boolean {
  if (before === null) return false;
  return now === null || BigInt(now) < BigInt(before);
}
