import type { Config } from '../../../config/load.js';
import { DucktailError } from '../../common/errors.js';
import type { SyncReporter } from '../../model/sync-reporter.js';
import type { SyncResult, TableSyncResult } from '../../model/sync-result.js';
import { createIndexStatement } from '../../model/watermark-rule.js';
import { catchUp } from '../../service/catch-up.js';
import { dryRun, type PlannedTableSync } from '../../service/dry-run.js';
import { replicaRows } from '../../service/query.js';
import type { OrderedMode } from '../../service/replication.js';
import { replay, type SyncEvent } from '../../service/sync-events.js';
import { sync } from '../../service/sync.js';
import { cdcOptions } from '../cdc-settings.js';
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
import { preflight } from '../preflight.js';
import { createProgress } from '../progress.js';
import { findService, type RunningService } from '../running-service.js';
import { stopSignal } from '../stop-signal.js';
import { type SyncInterceptor, syncTask, tableSelection } from '../sync-settings.js';
import { verifyTask } from './verify-command.js';

export interface SyncArguments {
  readonly tables: readonly string[];
  readonly mode: OrderedMode;
  /** null: as INCREMENTAL_DELETES says. */
  readonly deletes: boolean | null;
  readonly dryRun: boolean;
  readonly json: boolean;
}

export async function runSync(
  { dryRun: isDry, json, ...order }: SyncArguments,
  intercept: SyncInterceptor = (task) => task,
): Promise<number> {
  using service = await findService();
  if (isDry) {
    const plan = await planSync(order, service);
    if (json) printJson({ tables: plan });
    else await printPlan(plan);
    return plan.some(({ error }) => error !== null) ? EXIT_FAILED : EXIT_OK;
  }
  const result =
    service === null ? await syncFile(order, intercept) : await syncThere(order, service);
  if (json) printJson(result);
  else await printResult(result);
  return result.tables.some(({ error }) => error !== null) ? EXIT_FAILED : EXIT_OK;
}

type Order = Pick<SyncArguments, 'tables' | 'mode' | 'deletes'>;

function planSync(
  { tables, mode }: Order,
  service: RunningService | null,
): Promise<PlannedTableSync[]> {
  if (mode === 'cdc') throw noPlan();
  const config = sourceConfig();
  return dryRun({
    endpoint: config.endpoint,
    selection: tableSelection(config, tables),
    readers: config.workerThreads,
    mode,
    replica: service?.client.rows ?? replicaRows(config.duckdbPath),
    targetSchema: config.targetSchema,
  });
}

async function syncFile(order: Order, intercept: SyncInterceptor): Promise<SyncResult> {
  const config = sourceConfig();
  using progress = await createProgress(await createCliLogger(config));
  using stop = stopSignal();
  const { mode } = order;
  if (mode === 'cdc') return await catchUpFile(config, progress, stop.signal, intercept);
  const task = syncTask(config, { ...order, mode, reporter: progress, signal: stop.signal });
  return await sync({ ...intercept(task), database: databaseOptions(config, 'ducktail sync') });
}

async function catchUpFile(
  config: Config,
  progress: SyncReporter,
  signal: AbortSignal,
  intercept: SyncInterceptor,
): Promise<SyncResult> {
  return catchUp({
    database: databaseOptions(config, 'ducktail sync'),
    cdc: cdcOptions(config),
    preflight: () => preflight(config, true),
    createSync: (task) => intercept(syncTask(config, task)),
    createVerify: (task) => verifyTask(config, task),
    createReporter: () => progress,
    logger: await createCliLogger(config),
    signal,
  });
}

function noPlan(): DucktailError {
  return new DucktailError('configuration', 'there is no plan of what the binlog holds', {
    hint: '`ducktail check` tells whether it can be followed; leave --dry-run or --cdc away.',
  });
}

/** As the service's configuration has it, told here. */
async function syncThere(
  { tables, mode, deletes }: Order,
  { client, config }: RunningService,
): Promise<SyncResult> {
  using progress = await createProgress(await createCliLogger(config));
  using stop = stopSignal();
  const request = { call: 'sync', tables, mode, deletes } as const;
  const tell = (event: SyncEvent): void => {
    replay(event, progress);
  };
  return await client.call<'sync'>(request, tell, stop.signal);
}

async function printResult({ tables, seconds, peakRssBytes }: SyncResult): Promise<void> {
  if (tables.length === 0) {
    printLine(
      'No tables to sync: the database has none that INCLUDE_TABLES and EXCLUDE_TABLES leave.',
    );
    return;
  }
  const isFollowed = tables.some(({ mode }) => mode !== 'full');
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
