import { randomUUID } from 'node:crypto';
import type { Database } from '../target/database.js';

/** Notes that a run began; returns its id. */
export async function startRun(
  database: Database,
  mode: 'full' | 'incremental' | 'mixed',
): Promise<string> {
  const runId = randomUUID();
  await database.run(
    'INSERT INTO _ducktail.sync_runs VALUES (?::UUID, ?, now(), NULL, NULL, NULL, NULL)',
    [runId, mode],
  );
  return runId;
}

/** Within the caller's transaction: how the run came out. */
export async function finishRun(
  database: Database,
  runId: string,
  outcome: { readonly tables: number; readonly failed: number; readonly rows: number },
): Promise<void> {
  await database.run(
    `UPDATE _ducktail.sync_runs SET finished_at = now(), tables = ?, failed = ?, row_count = ?
      WHERE run_id = ?::UUID`,
    [outcome.tables, outcome.failed, outcome.rows, runId],
  );
}
