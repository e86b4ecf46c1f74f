import type { Config } from '../../config/load.js';
import type { ApplyHooks } from '../cdc/hooks.js';
import type { CdcOptions } from '../service/cdc-replication.js';

/** Of gathered changes, as the binlog has them: bounds what is in memory on both sides. */
const BATCH_BYTES = 16 * 1024 * 1024;

export function cdcOptions(config: Config, hooks: ApplyHooks = {}): CdcOptions {
  const { endpoint, targetSchema, tables, cdcServerId, cdcBatchMs, cdcBatchRows } = config;
  return {
    endpoint,
    targetSchema,
    filter: tables,
    serverId: cdcServerId,
    limits: { batchMs: cdcBatchMs, batchRows: cdcBatchRows, batchBytes: BATCH_BYTES },
    hooks,
  };
}
