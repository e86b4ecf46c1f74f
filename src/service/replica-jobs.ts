import { DucktailError } from '../common/errors.js';
import type { ReplicationObserver } from '../model/observers.js';
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
  readonly observer?: ReplicationObserver;
  /** Ends everything. */
  readonly signal: AbortSignal;
}

/** What a replication may have done on a replica that is open. */
export function replicaJobs(
  database: Database,
  { createSync, createVerify, createReporter, observer, signal: end }: JobFactories,
): ReplicaJobs {
  const settling = <T>(sync: Promise<T>): Promise<T> => sync.finally(() => observer?.settled());
  const observed = (task: SyncTask): SyncTask => ({ ...task, observer });
  const fullSync = (signal: AbortSignal): SyncTask => {
    const reporter = createReporter();
    return observed(createSync({ tables: [], mode: 'full', deletes: null, reporter, signal }));
  };
  return {
    sync: async ({ mode, ...order }) => {
      if (mode === 'cdc') throw notByCdc();
      return settling(syncOn(database, observed(createSync({ ...order, mode }))));
    },
    verify: (order, stream) => verifyOn(database, createVerify(order), stream),
    selectTables: async () => (await readSelectedTables(fullSync(end))).plans,
    copy: (plans, { signal, turns }) => settling(copyOn(database, fullSync(signal), plans, turns)),
  };
}

function notByCdc(): DucktailError {
  return new DucktailError('configuration', 'the service follows watermarks, not the binlog', {
    hint: 'Leave --cdc away, or run the service with CDC_ENABLED=true.',
  });
}
