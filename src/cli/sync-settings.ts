import type { Config } from '../../config/load.js';
import type { TableSelection } from '../service/plan.js';
import type { SyncOrder } from '../service/replication.js';
import type { RequestedMode } from '../service/sync-modes.js';
import type { SyncTask } from '../service/sync.js';

/** Bounds what is in memory between MySQL and DuckDB; more than 32 MB made nothing faster. */
const WINDOW_BYTES = 32 * 1024 * 1024;

/** What tests put between the command line and a sync. */
export type SyncInterceptor = (task: SyncTask) => SyncTask;

export function tableSelection(config: Config, names: readonly string[]): TableSelection {
  return {
    database: config.endpoint.database,
    filter: config.tables,
    names,
    types: config.types,
    watermarks: config.watermarks,
  };
}

/** An order as the configuration has it carried out. */
export function syncTask(
  config: Config,
  order: SyncOrder & { readonly mode: RequestedMode },
): SyncTask {
  const { tables, mode, deletes, reporter, signal } = order;
  return {
    endpoint: config.endpoint,
    selection: tableSelection(config, tables),
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
    reporter,
    signal,
  };
}
