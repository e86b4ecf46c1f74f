import { DucktailError } from '../common/errors.js';
import type { SyncReporter } from '../model/sync-reporter.js';
import type { Database } from '../target/database.js';
import { readSelectedTables } from './plan.js';
import type { ReplicaJobs, SyncOrder, VerifyOrder } from './replication.js';
import type { RequestedMode } from './sync-modes.js';
import { copyOn, type SyncTask, syncOn } from './sync.js';
import { verifyOn, type VerifyTask } from './verify.js';

/** How the configuration has orders carried out. */
export interface JobFactories {
  readonly createSync: (order: SyncOrder & { readonly mode: RequestedMode }) => SyncTask;
  readonly createVerify: (order: VerifyOrder) => VerifyTask;
  readonly createReporter: () => SyncReporter;
  /** Ends everything. */
  readonly signal: AbortSignal;
}

/** What a replication may have done on a replica that is open. */
export function replicaJobs(
  database: Database,
  { createSync, createVerify, createReporter, signal: end }: JobFactories,
): ReplicaJobs {
  const fullSync = (signal: AbortSignal): SyncTask =>
    createSync({ tables: [], mode: 'full', deletes: null, reporter: createReporter(), signal });
  return {
    sync: async ({ mode, ...order }) => {
      if (mode === 'cdc') throw notByCdc();
      return syncOn(database, createSync({ ...order, mode }));
    },
    verify: (order, stream) => verifyOn(database, createVerify(order), stream),
    selectTables: async () => (await readSelectedTables(fullSync(end))).plans,
    copy: (plans, { signal, turns }) => copyOn(database, fullSync(signal), plans, turns),
  };
}

function notByCdc(): DucktailError {
  return new DucktailError('configuration', 'the service follows watermarks, not the binlog', {
    hint: 'Leave --cdc away, or run the service with CDC_ENABLED=true.',
  });
}
