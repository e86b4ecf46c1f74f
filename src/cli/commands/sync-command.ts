import type { Config } from '../../../config/load.js';
import type { SyncResult, TableSyncResult } from '../../model/sync-result.js';
import { createIndexStatement } from '../../model/watermark-rule.js';
import { dryRun, type PlannedTableSync } from '../../service/dry-run.js';
import type { TableSelection } from '../../service/plan.js';
import type { RequestedMode } from '../../service/sync-modes.js';
import { sync, type SyncRequest } from '../../service/sync.js';
import { createCliLogger, databaseOptions, sourceConfig } from '../context.js';
import {
  EXIT_FAILED,
  EXIT_OK,
  formatBytes,
  formatNumber,
  printJson,
  printLine,
  printTable,
} from '../output.js';
import { createProgress } from '../progress.js';
import { stopSignal } from '../stop-signal.js';

/** Bounds what is in memory between MySQL and DuckDB; more than 32 MB made nothing faster. */
const WINDOW_BYTES = 32 * 1024 * 1024;

export interface SyncArguments {
  readonly tables: readonly string[];
  readonly mode: RequestedMode;
  /** null: as INCREMENTAL_DELETES says. */
  readonly deletes: boolean | null;
  readonly dryRun: boolean;
  readonly json: boolean;
}

/** What tests put between the command line and the sync. */
export type SyncInterceptor = (request: SyncRequest) => SyncRequest;

export async function runSync(
  { tables, mode, deletes, dryRun: isDry, json }: SyncArguments,
  intercept: SyncInterceptor = (request) => request,
): Promise<number> {
  const config = sourceConfig();
  const selection: TableSelection = {
    database: config.endpoint.database,
    filter: config.tables,
    names: tables,
    types: config.types,
    watermarks: config.watermarks,
  };
  if (isDry) {
    const plan = await dryRun({
      endpoint: config.endpoint,
      selection,
      readers: config.workerThreads,
      mode,
      duckdbPath: config.duckdbPath,
      targetSchema: config.targetSchema,
    });
    if (json) printJson({ tables: plan });
    else await printPlan(plan);
    return plan.some(({ error }) => error !== null) ? EXIT_FAILED : EXIT_OK;
  }
  const result = await syncWithProgress(config, selection, { mode, deletes }, intercept);
  if (json) printJson(result);
  else await printResult(result);
  return result.tables.some(({ error }) => error !== null) ? EXIT_FAILED : EXIT_OK;
}

async function syncWithProgress(
  config: Config,
  selection: TableSelection,
  { mode, deletes }: Pick<SyncArguments, 'mode' | 'deletes'>,
  intercept: SyncInterceptor,
): Promise<SyncResult> {
  using progress = await createProgress(await createCliLogger(config));
  using stop = stopSignal();
  return await sync(
    intercept({
      endpoint: config.endpoint,
      database: databaseOptions(config, 'ducktail sync'),
      selection,
      options: {
        targetSchema: config.targetSchema,
        types: config.types,
        batchRows: config.batchRows,
        flushRows: config.flushRows,
        windowBytes: WINDOW_BYTES,
        insertRows: config.insertBatchRows,
        readers: config.workerThreads,
      },
      mode,
      incremental: {
        lookbackSeconds: config.lookbackSeconds,
        deletes: deletes ?? config.deletes,
      },
      reporter: progress,
      signal: stop.signal,
    }),
  );
}

async function printResult({ tables, seconds, peakRssBytes }: SyncResult): Promise<void> {
  if (tables.length === 0) {
    printLine(
      'No tables to sync: the database has none that INCLUDE_TABLES and EXCLUDE_TABLES leave.',
    );
    return;
  }
  const isFollowed = tables.some(({ mode }) => mode === 'incremental');
  await printTable(
    isFollowed ? CHANGE_HEADINGS : HEADINGS,
    tables.map(isFollowed ? changes : totals),
  );
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  printLine(
    `${formatNumber(rows)} rows in ${seconds.toFixed(1)} s, ` +
      `${formatNumber(rows / Math.max(seconds, 0.001))} rows/s, peak memory ${formatBytes(peakRssBytes)}`,
  );
  const rejected = tables.reduce((sum, table) => sum + table.rejectedValues, 0);
  if (rejected > 0) {
    printLine(
      `${formatNumber(rejected)} values could not be kept as they are; see ` +
        `ducktail query 'FROM _ducktail.rejected_values'`,
    );
  }
}

const HEADINGS = ['table', 'mode', 'rows', 'seconds', 'rows/s', 'rejected', 'error'];

function totals(table: TableSyncResult): string[] {
  return [
    table.table,
    table.mode,
    formatNumber(table.rows),
    table.seconds.toFixed(1),
    formatNumber(table.rowsPerSecond),
    formatNumber(table.rejectedValues),
    table.error?.message ?? '',
  ];
}

const CHANGE_HEADINGS = [
  'table',
  'mode',
  'read',
  'inserted',
  'updated',
  'deleted',
  'unchanged',
  'watermark',
  'seconds',
  'rejected',
  'error',
];

function changes(table: TableSyncResult): string[] {
  return [
    table.table,
    table.mode,
    formatNumber(table.rows),
    formatNumber(table.inserted),
    formatNumber(table.updated),
    formatNumber(table.deleted),
    formatNumber(table.unchanged),
    table.newWatermark ?? '–',
    table.seconds.toFixed(1),
    formatNumber(table.rejectedValues),
    table.error?.message ?? '',
  ];
}

async function printPlan(plan: readonly PlannedTableSync[]): Promise<void> {
  await printTable(
    ['table', 'sync', 'rows ~', 'size ~', 'key', 'ranges', 'watermark', 'problem'],
    plan.map((table) => [
      table.table,
      table.why === null ? table.mode : `${table.mode}: ${table.why}`,
      formatNumber(table.estimatedRows),
      formatBytes(table.estimatedBytes),
      table.key.join(', ') || '– none: one range',
      String(table.ranges),
      table.watermark === null ? '–' : `${table.watermark.column} (${table.watermark.reason})`,
      table.error ?? '',
    ]),
  );
  for (const { table, watermark } of plan) {
    if (watermark?.indexName !== null) continue;
    printLine(
      `${table}: no index begins with its watermark ${watermark.column}: every incremental`,
    );
    printLine(`  sync reads the whole table. ${createIndexStatement(table, watermark.column)}`);
  }
  const lossy = plan.flatMap(({ table, lossyColumns }) =>
    lossyColumns.map(({ column, sourceType, duckdbType, loss }) => [
      `${table}.${column}`,
      sourceType,
      duckdbType,
      loss,
    ]),
  );
  if (lossy.length === 0) return;
  printLine('Columns whose type can hold less; each value concerned is recorded:');
  await printTable(['column', 'source type', 'replica type', 'what can be lost'], lossy);
}
