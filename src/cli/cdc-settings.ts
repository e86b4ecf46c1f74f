import type { Config } from '../../config/load.js';
import type { ApplyHooks } from '../cdc/hooks.js';
import type { CdcOptions } from '../service/cdc-context.js';
import type { WalLimits } from '../target/wal-keeper.js';

/** Of gathered changes, as the binlog has them: bounds what is in memory on both sides. */
const BATCH_BYTES = 16 * 1024 * 1024;

/** What tests put into the stream. */
export interface StreamHooks {
  /** Of the service's stream. */
  readonly apply?: ApplyHooks;
  readonly walLimits?: WalLimits | undefined;
}

export function cdcOptions(
  config: Config,
  { apply: hooks = {}, walLimits }: StreamHooks = {},
): CdcOptions {
  const { endpoint, targetSchema, tables, cdcServerId, cdcBatchMs, cdcBatchRows } = config;
  return {
    endpoint,
    targetSchema,
    filter: tables,
    serverId: cdcServerId,
    limits: { batchMs: cdcBatchMs, batchRows: cdcBatchRows, batchBytes: BATCH_BYTES },
    hooks,
    walLimits,
  };
}
