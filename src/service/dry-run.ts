import type { MysqlEndpoint } from '../model/mysql-endpoint.js';
import type { WatermarkChoice } from '../model/table-schema.js';
import type { SyncMode } from '../model/sync-result.js';
import { planChunks } from '../source/chunk-planner.js';
import { openSession } from '../source/connect.js';
import type { RowQuery } from '../state/tables.js';
import { selectTables, type TableSelection } from './plan.js';
import { chooseMode, type KnownTables, readKnownTables, type RequestedMode } from './sync-modes.js';

/** What a sync would do with a table. */
export interface PlannedTableSync {
  readonly table: string;
  readonly mode: SyncMode;
  /** Why it is copied whole; null for a table that is followed. */
  readonly why: string | null;
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

export interface DryRunRequest {
  readonly endpoint: MysqlEndpoint;
  readonly selection: TableSelection;
  readonly readers: number;
  readonly mode: RequestedMode;
  /** Reads the replica; null where there is none yet. */
  readonly replica: RowQuery | null;
  readonly targetSchema: string;
}

/** `sync --dry-run`: plans as a sync would, largest table first, and changes no file. */
export async function dryRun(request: DryRunRequest): Promise<PlannedTableSync[]> {
  const { selection, readers } = request;
  await using session = await openSession(request.endpoint);
  const { plans, refused } = await selectTables(session, selection);
  const known = await knownTables(request);
  const modes = new Map(plans.map((plan) => [plan, chooseMode(plan, known, request.mode)]));
  const errors = new Map(refused.map(({ plan, error }) => [plan, error.message]));
  for (const [plan, mode] of modes) {
    if (mode.kind === 'refused') errors.set(plan, mode.error.message);
  }
  const planned: PlannedTableSync[] = [];
  for (const plan of new Set([...plans, ...errors.keys()])) {
    const { schema } = plan;
    const error = errors.get(plan) ?? null;
    const mode = modes.get(plan);
    planned.push({
      table: schema.name,
      mode: mode?.kind === 'full' || !known.records.has(schema.name) ? 'full' : 'incremental',
      why: mode?.kind === 'full' ? mode.why : null,
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

async function knownTables({ replica, targetSchema }: DryRunRequest): Promise<KnownTables> {
  if (replica === null || !(await isMigrated(replica))) {
    return { records: new Map(), watermarks: new Map() };
  }
  return readKnownTables(replica, targetSchema);
}

/** The sync will bring an older or a foreign file's state up to date; until then it tells nothing. */
async function isMigrated(query: RowQuery): Promise<boolean> {
  const rows = await query(
    `SELECT 1 FROM duckdb_columns() WHERE schema_name = '_ducktail' AND table_name = 'tables'
        AND column_name = 'source_created_at'`,
  );
  return rows.length > 0;
}
