import { quoteDuckdbText } from '../common/identifiers.js';
import type { Database } from '../target/database.js';
import type { RowQuery } from './tables.js';

/** The windows that the replica was last compared with, by table; see `source-windows`. */
export async function readComparedWindows(
  query: RowQuery,
  targetSchema: string,
): Promise<Map<string, string>> {
  const rows = await query(
    `SELECT table_name, compared_window FROM _ducktail.watermarks
      WHERE target_schema = ${quoteDuckdbText(targetSchema)} AND compared_window IS NOT NULL`,
  );
  return new Map(rows.map((row) => [String(row.table_name), String(row.compared_window)]));
}

/** What a table was compared with, from which watermark on. */
export interface ComparedWindow {
  readonly table: string;
  readonly watermark: string | null;
  readonly window: string;
}

/** Within the caller's transaction. A window of which the watermark has moved since is of no use. */
export async function recordComparedWindows(
  database: Database,
  targetSchema: string,
  windows: readonly ComparedWindow[],
): Promise<void> {
  if (windows.length === 0) return;
  await database.run(
    `UPDATE _ducktail.watermarks AS w SET compared_window = c."window"
       FROM (SELECT unnest(from_json(?::JSON,
               '[{"table": "VARCHAR", "watermark": "VARCHAR", "window": "VARCHAR"}]'), recursive := true)) AS c
      WHERE w.target_schema = ? AND w.table_name = c."table"
        AND w.value IS NOT DISTINCT FROM c.watermark`,
    [JSON.stringify(windows), targetSchema],
  );
}

/** Within the caller's transaction: rows of the table are replaced or removed by other ways. */
export async function forgetComparedWindow(
  database: Database,
  targetSchema: string,
  table: string,
): Promise<void> {
  await database.run(
    'UPDATE _ducktail.watermarks SET compared_window = NULL WHERE target_schema = ? AND table_name = ?',
    [targetSchema, table],
  );
}
