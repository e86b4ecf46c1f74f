import type { Database } from '../target/database.js';

export interface Watermark {
  readonly column: string;
  /** The highest value in the replica, as DuckDB prints it; null for an empty table. */
  readonly value: string | null;
  /** The highest key as a JSON array of texts; null without a key or a row. */
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
  await database.run('INSERT INTO _ducktail.watermarks VALUES (?, ?, ?, ?, ?::JSON, now())', [
    targetSchema,
    table,
    watermark.column,
    watermark.value,
    watermark.highestKey,
  ]);
}
