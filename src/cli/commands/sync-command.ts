import type { Config } from '../../../config/load.js';
import type { SyncResult } from '../../model/sync-result.js';
import { dryRun, type PlannedTableSync } from '../../service/dry-run.js';
import type { TableSelection } from '../../service/plan.js';
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
  readonly dryRun: boolean;
  readonly json: boolean;
}

/** What tests put between the command line and the sync. */
export type SyncInterceptor = (request: SyncRequest) => SyncRequest;

export async function runSync(
  { tables, dryRun: isDry, json }: SyncArguments,
  intercept: SyncInterceptor = (request) => request,
): Promise<number> {
  const config = sourceConfig();
  const selection: TableSelection = {
    database: config.endpoint.database,
    filter: config.tables,
    names: tables,
    types: config.types,
  };
  if (isDry) {
    const plan = await dryRun(config.endpoint, selection, config.workerThreads);
    if (json) printJson({ tables: plan });
    else await printPlan(plan);
    return plan.some(({ error }) => error !== null) ? EXIT_FAILED : EXIT_OK;
  }
  const result = await syncWithProgress(config, selection, intercept);
  if (json) printJson(result);
  else await printResult(result);
  return result.tables.some(({ error }) => error !== null) ? EXIT_FAILED : EXIT_OK;
}

async function syncWithProgress(
  config: Config,
  selection: TableSelection,
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
  await printTable(
    ['table', 'mode', 'rows', 'seconds', 'rows/s', 'rejected', 'error'],
    tables.map((table) => [
      table.table,
      table.mode,
      formatNumber(table.rows),
      table.seconds.toFixed(1),
      formatNumber(table.rowsPerSecond),
      formatNumber(table.rejectedValues),
      table.error?.message ?? '',
    ]),
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

async function printPlan(plan: readonly PlannedTableSync[]): Promise<void> {
  await printTable(
    ['table', 'rows ~', 'size ~', 'key', 'ranges', 'watermark', 'problem'],
    plan.map((table) => [
      table.table,
      formatNumber(table.estimatedRows),
      formatBytes(table.estimatedBytes),
      table.key.join(', ') || '– none: one range',
      String(table.ranges),
      table.watermark === null ? '–' : `${table.watermark.column} (${table.watermark.reason})`,
      table.error ?? '',
    ]),
  );
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
