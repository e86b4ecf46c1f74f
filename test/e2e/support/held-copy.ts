import type { TestSource } from '../../helpers/test-source.js';
import type { HookPlan } from './hook-plan.js';
import { singleValue } from './replica-state.js';

export const KIB = 1024;
/** With the first rows there. */
export const HOLD: HookPlan = { point: 'flush', action: 'hold' };

/** For a copy that is slow enough to be held. */
export function settings(
  source: TestSource,
  duckdbPath: string,
  readers: number,
): Record<string, string> {
  return {
    MYSQL_URL: source.url,
    DUCKDB_PATH: duckdbPath,
    WORKER_THREADS: String(readers),
    DUCKDB_THREADS: '2',
    APPENDER_FLUSH_INTERVAL: '1024',
    BATCH_SIZE: '512',
  };
}

/** What the table is like in the replica: its columns between commas. */
export async function columnsOf(duckdbPath: string, table: string): Promise<string | null> {
  return singleValue(
    duckdbPath,
    `SELECT string_agg(column_name, ',' ORDER BY column_index) FROM duckdb_columns()
      WHERE schema_name = 'main' AND table_name = '${table}'`,
  );
}
