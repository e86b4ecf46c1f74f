import { quoteDuckdbName } from '../common/identifiers.js';
import type { TablePlan } from '../model/column-plan.js';
import type { ColumnSchema } from '../model/table-schema.js';
import type { TableRecord } from '../state/tables.js';

/** What a changed definition asks of the replica. */
export type SchemaChange =
  | { readonly kind: 'none' }
  /** What comes behind `ALTER TABLE <table>`, one statement each. */
  | { readonly kind: 'alter'; readonly clauses: readonly string[]; readonly what: string }
  | { readonly kind: 'copy'; readonly why: string };

/** A table below this is copied again in less time than its change is thought about. */
const SMALL_ROWS = 100_000;
/** The server's estimate is within this factor of the truth. */
const ESTIMATE_FACTOR = 2;

/**
 * How the replica's table follows the source's definition. Values of rows that were not touched since
 * are only known where the change itself says what they are: columns that went, columns that start
 * as NULL, types that hold every old value. Everything else is copied again: a renamed column looks
 * like one that went and one that came, and a table that was truncated or made anew like one that
 * was rebuilt.
 */
export function schemaChange(plan: TablePlan, record: TableRecord): SchemaChange {
  const { schema } = plan;
  const copy = (why: string): SchemaChange => ({ kind: 'copy', why });
  const keyColumns = schema.key?.columns ?? [];
  if (keyColumns.join('\0') !== record.keyColumns.join('\0')) return copy('its key has changed');
  const isRebuilt = schema.createdAt !== record.createdAt;
  if (sameColumns(schema.columns, record.columns)) {
    if (!hasTypes(plan, record)) return copy('its copy has other columns');
    return isRebuilt ? copy('the source has rebuilt it or made it anew') : { kind: 'none' };
  }
  const ratio = (schema.estimatedRows + 1) / (record.rows + 1);
  if (record.rows <= SMALL_ROWS || ratio > ESTIMATE_FACTOR || ratio < 1 / ESTIMATE_FACTOR) {
    return copy('its columns have changed');
  }
  return alterations(plan, record) ?? copy('its columns have changed');
}

/** False after the options for types changed, or after an ALTER by hand. */
function hasTypes({ columns }: TablePlan, { replicaColumns }: TableRecord): boolean {
  return (
    columns.length === replicaColumns.length &&
    columns.every(({ name, duckdbType }, at) => {
      const found = replicaColumns[at];
      return found.name === name && found.type === duckdbType;
    })
  );
}

function alterations(plan: TablePlan, record: TableRecord): SchemaChange | null {
  const { columns } = plan.schema;
  const { replicaColumns } = record;
  if (record.columns.some(({ name }, at) => replicaColumns.at(at)?.name !== name)) return null;
  const names = new Set(columns.map(({ name }) => name));
  const dropped = record.columns.filter(({ name }) => !names.has(name));
  const old = new Map(record.columns.map((column, at) => [column.name, { column, at }]));
  const added = columns.filter(({ name }) => !old.has(name));
  // Maybe a renamed one.
  if (dropped.length > 0 && added.length > 0) return null;
  if (added.some(({ startsAsNull }) => !startsAsNull)) return null;
  const order = [...record.columns.filter(({ name }) => names.has(name)), ...added];
  if (order.some(({ name }, at) => name !== columns[at].name)) return null;
  const clauses = dropped.map(({ name }) => `DROP COLUMN ${quoteDuckdbName(name)}`);
  for (const [at, column] of columns.entries()) {
    const known = old.get(column.name);
    const { duckdbType } = plan.columns[at];
    const name = quoteDuckdbName(column.name);
    if (known === undefined) clauses.push(`ADD COLUMN ${name} ${duckdbType}`);
    else if (!isWidened(known.column, column)) return null;
    else if (replicaColumns[known.at].type !== duckdbType) {
      clauses.push(`ALTER COLUMN ${name} TYPE ${duckdbType}`);
    }
  }
  const what = clauses.length === 0 ? 'nothing to alter' : clauses.join(', ');
  return { kind: 'alter', clauses, what };
}

function sameColumns(a: readonly ColumnSchema[], b: readonly ColumnSchema[]): boolean {
  return JSON.stringify(a.map(definition)) === JSON.stringify(b.map(definition));
}

/** What of a column its stored values depend on. */
function definition({ name, columnType, characterSet, isJsonText }: ColumnSchema): unknown {
  return [name, columnType, characterSet, isJsonText];
}

const INTEGERS = ['tinyint', 'smallint', 'mediumint', 'int', 'bigint'];

/** Whether every value of the old type is the same value in the new one. */
function isWidened(before: ColumnSchema, now: ColumnSchema): boolean {
  if (before.columnType === now.columnType && before.characterSet === now.characterSet) return true;
  const isUnsigned = (column: ColumnSchema): boolean => column.columnType.includes('unsigned');
  if (isUnsigned(before) !== isUnsigned(now) || before.isJsonText !== now.isJsonText) return false;
  const rank = INTEGERS.indexOf(before.dataType);
  // TINYINT(1) may be BOOLEAN in the replica, which has lost the number.
  if (rank >= 0)
    return !/^tinyint\(1\)/.test(before.columnType) && INTEGERS.indexOf(now.dataType) >= rank;
  if (before.dataType !== now.dataType || before.characterSet !== now.characterSet) return false;
  switch (before.dataType) {
    case 'varchar':
    case 'varbinary':
      return length(now) >= length(before);
    case 'decimal':
      return isWiderDecimal(before, now);
    case 'enum':
      return now.columnType.startsWith(`${before.columnType.slice(0, -1)},`);
    default:
      return false;
  }
}

function length({ columnType }: ColumnSchema): number {
  return Number(/\((\d+)\)/.exec(columnType)?.[1] ?? 0);
}

function isWiderDecimal(before: ColumnSchema, now: ColumnSchema): boolean {
  const digits = (column: ColumnSchema): number => column.numericPrecision ?? 10;
  const scale = (column: ColumnSchema): number => column.numericScale ?? 0;
  const hasSameScale = scale(now) === scale(before);
  return hasSameScale && digits(now) >= digits(before) && digits(now) <= 38;
}
