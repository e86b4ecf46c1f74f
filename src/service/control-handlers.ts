import type { Logger } from '../common/logger.js';
import type { QueryGovernor } from '../http/query-governor.js';
import type { SyncReporter } from '../model/sync-reporter.js';
import { readTableStates } from '../state/tables.js';
import type { Database } from '../target/database.js';
import { queryBesideWriter, type RowSink, rowsBesideWriter } from '../target/live-query.js';
import type { Watch } from '../watch/watch.js';
import type { ControlHandlers } from './control-server.js';
import type { Keeper } from './keeper.js';
import type { Replication } from './replication.js';
import type { ServiceStatus, Status } from './status.js';
import { eventReporter, replay } from './sync-events.js';
import type { VerifyReporter } from './verify.js';

/** The service's own user asks here, and can end a query. */
const NO_TIMEOUT = null;

export interface HandledService {
  readonly database: Database;
  readonly replication: Replication;
  readonly keeper: Keeper;
  readonly logger: Logger;
  /** Lets clients' queries run, each of which occupies a thread that the service may need. */
  readonly governor: QueryGovernor;
  readonly createReporter: () => SyncReporter;
  readonly state: () => ServiceStatus['state'];
  /** null: nobody can watch. */
  readonly watch: Watch | null;
}

/** How a service answers its clients. */
export function controlHandlers(service: HandledService): ControlHandlers {
  const { database, replication, keeper, logger, governor, createReporter } = service;
  return {
    status: () => serviceStatus(service),
    query: async ({ sql }, call) => {
      const sink: RowSink = {
        columns: (columns) => call.send({ columns }),
        rows: (rows) => call.send({ rows }),
      };
      await governor.run({ text: sql, timeoutMs: NO_TIMEOUT }, call.signal, (signal) =>
        queryBesideWriter(database, sql, sink, signal),
      );
      return null;
    },
    sync: async ({ tables, mode, deletes }, call) => {
      logger.info({ tables, mode }, 'a client asks for a sync');
      const log = createReporter();
      const reporter = eventReporter((event) => {
        replay(event, log);
        // How far a table is, the next event tells a slow client as well.
        if (event[0] !== 'rowsWritten' || !call.isBehind) void call.send(event);
      });
      const order = { tables, mode, deletes, reporter, signal: call.signal };
      const result = await replication.sync(order);
      logger.info({ seconds: result.seconds }, "the client's sync is done");
      return result;
    },
    verify: async ({ tables, repair }, call) => {
      logger.info({ tables, repair }, 'a client asks for a verification');
      const reporter: VerifyReporter = {
        tableStarted: (table) => void call.send({ started: table }),
        tableVerified: (verified) => void call.send({ verified }),
      };
      const result = await replication.verify({ tables, repair, reporter, signal: call.signal });
      logger.info({ equal: result.equal, seconds: result.seconds }, 'the verification is done');
      return result;
    },
    backup: ({ target, content, mustEncrypt }, { signal }) => {
      logger.info({ target, content }, 'a client asks for a backup');
      return keeper.backup({ target, content, mustEncrypt, signal });
    },
    compact: (_request, { signal }) => {
      logger.info('a client asks for a compaction');
      return keeper.compact(signal);
    },
  };
}

/** The document of `status --json`, of a service that runs. */
export async function serviceStatus({
  database,
  replication,
  state,
}: HandledService): Promise<Status> {
  return {
    service: { pid: process.pid, state: state() },
    cdc: replication.status(),
    tables: await readTableStates((sql) => rowsBesideWriter(database, sql)),
  };
}
