import type { Logger } from '../common/logger.js';
import type { Finding } from '../model/finding.js';
import type { SyncResult } from '../model/sync-result.js';
import { readQuarantines } from '../state/quarantine.js';
import type { DatabaseOptions } from '../target/database.js';
import { refuseIfHeld } from '../target/lock-file.js';
import { readEnd } from './binlog-end.js';
import type { CdcOptions } from './cdc-context.js';
import { CdcReplication } from './cdc-replication.js';
import { requireFit } from './check.js';
import { readSelectedTables } from './plan.js';
import { openReplica } from './replica.js';
import { type JobFactories, replicaJobs } from './replica-jobs.js';

/** A copy that failed because its table was altered meanwhile succeeds in the next round. */
const ROUNDS = 2;

export interface CatchUpRequest extends JobFactories {
  readonly database: DatabaseOptions;
  readonly cdc: CdcOptions;
  /** What stands in the way, asked before anything else. */
  readonly preflight: () => Promise<readonly Finding[]>;
  readonly logger: Logger;
}

/**
 * `ducktail sync --cdc`: copies what has no copy, follows the binlog from the recorded position to
 * the end that it has at the beginning, and leaves the rest to the next run.
 */
export async function catchUp(request: CatchUpRequest): Promise<SyncResult> {
  const { cdc, createReporter, createSync, logger, signal } = request;
  await refuseIfHeld(request.database.path);
  // A wrong URL must not leave a new file behind.
  requireFit(await request.preflight());
  const { end } = await readEnd(cdc.endpoint);
  signal.throwIfAborted();
  const { database: opened, orphans } = await openReplica(request.database, cdc.targetSchema);
  await using database = opened;
  if (orphans.length > 0) logger.info(`dropped ${orphans.length} staging table(s) of a crash`);
  const jobs = replicaJobs(database, request);
  const replication = new CdcReplication({ database, jobs, logger, createReporter }, cdc);
  using tally = await replication.openTally();
  for (let round = 1; round <= ROUNDS; round++) {
    await replication.runTo(end, signal);
    const quarantined = await readQuarantines((sql) => database.rows(sql), cdc.targetSchema);
    if (quarantined.size === 0) break;
  }
  const order = { tables: [], mode: 'full', deletes: null, reporter: createReporter() } as const;
  const { plans, refused } = await readSelectedTables(createSync({ ...order, signal }));
  const names = plans.map(({ schema }) => schema.name);
  return await tally.result(names, refused);
}
