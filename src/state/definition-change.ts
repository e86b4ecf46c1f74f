import type { TablePlan } from '../model/column-plan.js';
import type { ColumnSchema } from '../model/table-schema.js';
import type { TableRecord } from './tables.js';

/** How a table's definition differs from what its copy was made by; null: it is as it was. */
export function definitionChange(
  { schema, columns }: TablePlan,
  record: TableRecord,
): string | null {
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
  return isTyped ? null : 'its copy has other columns';
}

function sameColumns(a: readonly ColumnSchema[], b: readonly ColumnSchema[]): boolean {
  return JSON.stringify(a.map(definition)) === JSON.stringify(b.map(definition));
}

/** What of a column its stored values depend on. */
function definition({ name, columnType, characterSet, isJsonText }: ColumnSchema): unknown {
  return [name, columnType, characterSet, isJsonText];
}
