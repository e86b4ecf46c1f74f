import type { ChangeApplier } from '../cdc/change-applier.js';
import type { CdcContext } from '../cdc/context.js';
import type { ApplyHooks } from '../cdc/hooks.js';
import { anySignal } from '../common/abandon.js';
import type { MysqlEndpoint } from '../model/mysql-endpoint.js';
import { selectsTable, type TableFilter } from '../model/table-filter.js';
import type { ChangeLimits } from '../source/binlog-protocol.js';
import { BinlogStream } from '../source/binlog-stream.js';
import { openSession } from '../source/connect.js';
import { readUnloggedForeignKeys } from '../source/foreign-keys.js';
import { readBinlogEnd } from '../source/positions.js';
import { findLockRestriction } from '../source/snapshot-barrier.js';
import type { SourceHistory } from '../source/source-history.js';
import { SourceWatch } from '../source/source-watch.js';
import type { WalLimits } from '../target/wal-keeper.js';
import type { ReplicationMeans } from './replication.js';
import type { TableOutcome } from './sync-outcome.js';

export interface CdcOptions {
  readonly endpoint: MysqlEndpoint;
  readonly targetSchema: string;
  readonly filter: TableFilter;
  /** null: chosen once, and kept in the replica. */
  readonly serverId: number | null;
  readonly limits: ChangeLimits;
  readonly hooks?: ApplyHooks;
  readonly walLimits?: WalLimits | undefined;
}

/** What an attempt at following the binlog is made of. */
export interface CdcAttempt {
  readonly means: ReplicationMeans;
  readonly options: CdcOptions;
  readonly source: SourceHistory;
  readonly serverId: number;
  readonly applier: ChangeApplier;
  readonly signal: AbortSignal;
  readonly onCopied: (outcomes: readonly TableOutcome[]) => void;
  readonly onStreaming: () => void;
}

/** Gives replication what it works with. */
export function cdcContext(attempt: CdcAttempt): CdcContext {
  const { source, serverId, applier, signal } = attempt;
  const { database, jobs, logger, observer } = attempt.means;
  const { endpoint, targetSchema, filter, limits } = attempt.options;
  let logsCascades = false;
  return {
    database,
    targetSchema,
    sourceDatabase: endpoint.database,
    flavour: source.flavour,
    sourceIdentity: source.identity,
    applier,
    reporter: {
      info: (message) => {
        logger.info(message);
      },
      warning: (message, hint) => {
        logger.warn({ hint }, message);
      },
    },
    observer,
    signal,
    selectTables: () => jobs.selectTables(),
    readForeignKeys: async (plans) => {
      // A server that logs what they change does so until it is started anew, which ends the attempt.
      if (logsCascades) return null;
      const keys = await readUnloggedForeignKeys(
        endpoint,
        plans.map(({ schema }) => schema),
      );
      logsCascades = keys === null;
      return keys;
    },
    isWanted: (table) => selectsTable(filter, table),
    copyTables: async (plans, turns) => {
      const copySignal = anySignal(signal, turns?.signal);
      const outcomes = await jobs.copy(plans, { signal: copySignal, turns });
      attempt.onCopied(outcomes);
      return outcomes.flatMap(({ plan, error }) => (error === null ? [plan] : []));
    },
    findLockRestriction: (plans) =>
      findLockRestriction(
        endpoint,
        plans.map(({ schema }) => schema),
        signal,
      ),
    readSourceEnd: async () => {
      await using session = await openSession(endpoint);
      return await readBinlogEnd(session);
    },
    openStream: async (from, tables) => {
      const stream = await BinlogStream.open({ endpoint, serverId, from, tables, limits }, signal);
      logger.info({ from, tables: tables.length }, 'streaming');
      observer?.connected();
      attempt.onStreaming();
      return stream;
    },
    openWatch: (from) =>
      new SourceWatch(endpoint, source, from, (retention) => observer?.retained(retention)),
  };
}
