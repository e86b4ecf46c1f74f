import { quoteDuckdbName, quoteDuckdbText } from '../common/identifiers.js';
import type { ColumnPlan } from '../model/column-plan.js';
import type { SourceClock } from '../model/source-clock.js';
import type { Database } from '../target/database.js';
import type { RowQuery } from './tables.js';

export interface Watermark {
  readonly column: string;
  /**
   * The highest value in the replica, but not beyond the source's clock at that sync; as DuckDB
   * prints it, times in UTC. null for an empty table.
   */
  readonly value: string | null;
  /** The highest key as of the last full sync, a JSON array of texts; null without a key or a row. */
  readonly highestKey: string | null;
}

/** Within the caller's transaction: the table's watermark after a sync; null removes it. */
export async function recordWatermark(
  database: Database,
  targetSchema: string,
  table: string,
  watermark: Watermark | null,
): Promise<void> {
  await database.run(
    'DELETE FROM _ducktail.watermarks WHERE target_schema = ? AND table_name = ?',
    [targetSchema, table],
  );
  if (watermark === null) return;
  await database.run(
    `INSERT INTO _ducktail.watermarks
       (target_schema, table_name, column_name, value, highest_key, recorded_at)
     VALUES (?, ?, ?, ?, ?::JSON, now())`,
    [targetSchema, table, watermark.column, watermark.value, watermark.highestKey],
  );
}

/** The watermarks of all tables of the schema, by table. */
export async function readWatermarks(
  query: RowQuery,
  targetSchema: string,
): Promise<Map<string, Watermark>> {
  const rows = await query(
    `SELECT table_name, column_name, value, highest_key::VARCHAR AS highest_key
       FROM _ducktail.watermarks WHERE target_schema = ${quoteDuckdbText(targetSchema)}`,
  );
  return new Map(
    rows.map((row) => [
      String(row.table_name),
      {
        column: String(row.column_name),
        value: row.value as string | null,
        highestKey: row.highest_key as string | null,
      },
    ]),
  );
}

/** Columns that hold times, which have a bound; others are counters. */
export function isTemporal({ encoding }: ColumnPlan): boolean {
  return encoding.kind === 'timestamp';
}

/** The watermark column of a relation as what watermarks are: a TIMESTAMP in UTC, or a number. */
export function watermarkValue({ name, duckdbType }: ColumnPlan, alias: string): string {
  const column = `${alias}.${quoteDuckdbName(name)}`;
  return duckdbType === 'TIMESTAMPTZ' ? `timezone('UTC', ${column})` : column;
}

/** A stored watermark as SQL. */
export function watermarkLiteral(column: ColumnPlan, text: string): string {
  return `${quoteDuckdbText(text)}::${isTemporal(column) ? 'TIMESTAMP' : column.duckdbType}`;
}

/** The source's clock as SQL, for a column that holds times; null for counters. */
export function watermarkBound(column: ColumnPlan, clock: SourceClock): string | null {
  if (!isTemporal(column)) return null;
  const isLocal = column.sourceType.startsWith('datetime');
  return watermarkLiteral(column, isLocal ? clock.latest : clock.utc);
}

/**
 * SQL for the highest value in a relation with the alias `s`, as text, but not beyond the clock: a
 * value in the future would hide whatever changes until then. `last` where no row has a value.
 */
export function highestWatermark(
  column: ColumnPlan,
  clock: SourceClock,
  last: string | null,
): string {
  const value = watermarkValue(column, 's');
  const bound = watermarkBound(column, clock);
  const highest = bound === null ? `max(${value})` : `least(max(${value}), ${bound})`;
  const kept = last === null ? 'NULL' : watermarkLiteral(column, last);
  return `CASE WHEN count(${value}) = 0 THEN ${kept} ELSE greatest(${highest}, ${kept}) END::VARCHAR`;
}
