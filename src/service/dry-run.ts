import type { MysqlEndpoint } from '../model/mysql-endpoint.js';
import type { WatermarkChoice } from '../model/table-schema.js';
import { planChunks } from '../source/chunk-planner.js';
import { openSession } from '../source/connect.js';
import { selectTables, type TableSelection } from './plan.js';

/** What a sync would do with a table. */
export interface PlannedTableSync {
  readonly table: string;
  /** The server's estimates. */
  readonly estimatedRows: number;
  readonly estimatedBytes: number;
  readonly key: readonly string[];
  /** Key ranges that readers share. */
  readonly ranges: number;
  readonly watermark: WatermarkChoice | null;
  readonly lossyColumns: readonly LossyColumn[];
  readonly error: string | null;
}

export interface LossyColumn {
  readonly column: string;
  readonly sourceType: string;
  readonly duckdbType: string;
  readonly loss: string;
}

/** `sync --dry-run`: plans as a sync would, largest table first, and touches no file. */
export async function dryRun(
  endpoint: MysqlEndpoint,
  selection: TableSelection,
  readers: number,
): Promise<PlannedTableSync[]> {
  await using session = await openSession(endpoint);
  const { plans, refused } = await selectTables(session, selection);
  const errors = new Map(refused.map(({ plan, error }) => [plan, error.message]));
  const planned: PlannedTableSync[] = [];
  for (const plan of [...plans, ...errors.keys()]) {
    const { schema } = plan;
    const error = errors.get(plan) ?? null;
    planned.push({
      table: schema.name,
      estimatedRows: schema.estimatedRows,
      estimatedBytes: schema.estimatedBytes,
      key: schema.key?.columns ?? [],
      ranges: error === null ? (await planChunks(session, schema, readers)).length : 0,
      watermark: schema.watermark,
      lossyColumns: plan.columns.flatMap(({ name, sourceType, duckdbType, lossy }) =>
        lossy === null ? [] : [{ column: name, sourceType, duckdbType, loss: lossy }],
      ),
      error,
    });
  }
  return planned.sort((a, b) => b.estimatedBytes - a.estimatedBytes);
}
