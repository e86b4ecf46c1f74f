import type { Replicator } from '../cdc/replicator.js';
import { DucktailError, hasCode } from '../common/errors.js';
import { openComparingSession } from '../compare/comparing-session.js';
import type { Checkpoint } from '../model/checkpoint.js';
import type { TablePlan } from '../model/column-plan.js';
import type { SourceSession } from '../source/connect.js';
import { ReaderPool } from '../source/reader-pool.js';
import { readSnapshotPosition } from '../source/positions.js';
import { openSnapshot, type SnapshotReader } from '../source/snapshot-barrier.js';
import type { Database } from '../target/database.js';
import { Repairer } from '../verify/repairer.js';
import type { StillSource, StreamedReplica } from '../verify/verify-context.js';
import type { VerifyTask } from './verify.js';

/** The stream that a replica follows while it is compared. */
export interface ComparedStream {
  /** Resolves when all that the source has now is in the replica. */
  caughtUp(): Promise<void>;
  /** The attempt that is under way. */
  replicator(): Replicator | null;
}

/** A session may be lost while the comparison waits for it. */
const ATTEMPTS = 3;

/**
 * The stream is held, a snapshot of the source is opened behind the short lock that makes its
 * position exact, and the stream goes on to just that position: then the two can be compared, and
 * what is repaired neither repeats nor anticipates a change of the stream.
 */
export function streamedReplica(
  stream: ComparedStream,
  database: Database,
  task: VerifyTask,
): StreamedReplica {
  return {
    caughtUp: () => stream.caughtUp(),
    async standStill(plan, work) {
      for (let attempt = 1; ; attempt++) {
        await stream.caughtUp();
        const replicator = stream.replicator();
        if (replicator === null) throw notStreaming();
        try {
          return await standOnce(plan, replicator, database, task, work);
        } catch (error) {
          task.signal.throwIfAborted();
          const isLost = hasCode(error, 'source-unavailable');
          if (!isLost || attempt === ATTEMPTS) throw error;
        }
      }
    },
  };
}

async function standOnce<T>(
  plan: TablePlan,
  replicator: Replicator,
  database: Database,
  task: VerifyTask,
  work: (source: StillSource) => Promise<T>,
): Promise<T> {
  const { endpoint, targetSchema, batchRows, windowBytes, signal } = task;
  const { name } = plan.schema;
  await using session = await openComparingSession(endpoint);
  using _ = destroyOnAbort(session, signal);
  await using pool = task.repair ? await ReaderPool.openHere({ endpoint, windowBytes }) : null;
  const reader = pool?.readers[0] ?? null;
  await using repairer =
    reader === null ? null : await Repairer.open({ database, targetSchema, reader, batchRows });
  const snapshots: SnapshotReader[] = [snapshotOf(session), ...(reader === null ? [] : [reader])];
  const requireLive = (): void => {
    if (!replicator.isLive(name)) throw notLive(name);
  };
  const choose = async (): Promise<Checkpoint> => {
    requireLive();
    const { checkpoint, unlocked, restriction } = await openSnapshot(
      endpoint,
      snapshots,
      [plan.schema],
      signal,
    );
    if (checkpoint === null || unlocked !== null) {
      throw new DucktailError(
        'table-failed',
        `${name} could not be compared at one position: ${restriction?.message ?? 'it is unknown'}`,
        { table: name, hint: restriction?.hint },
      );
    }
    return checkpoint;
  };
  const standing = replicator.standStill(choose, async () => {
    requireLive();
    try {
      return await work({ session, repairer });
    } finally {
      if (repairer !== null) await replicator.noteChanged(name);
    }
  });
  if (standing === null) throw notStreaming();
  return await standing;
}

function snapshotOf(session: SourceSession): SnapshotReader {
  return {
    async beginSnapshot() {
      await session.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
      await session.query('START TRANSACTION WITH CONSISTENT SNAPSHOT');
    },
    snapshotPosition: () => readSnapshotPosition(session),
  };
}

function destroyOnAbort(session: SourceSession, signal: AbortSignal): Disposable {
  const destroy = (): void => {
    session.destroy();
  };
  signal.addEventListener('abort', destroy, { once: true });
  return {
    [Symbol.dispose]() {
      signal.removeEventListener('abort', destroy);
    },
  };
}

function notLive(table: string): DucktailError {
  return new DucktailError('table-failed', `${table} does not follow the stream at present`, {
    table,
    hint: 'It is being copied, or is in quarantine: see `ducktail status`.',
  });
}

export function notStreaming(): DucktailError {
  return new DucktailError('source-unavailable', 'the service is not following the binlog now', {
    hint: 'See its log, and `ducktail status`.',
  });
}

export function notSelected(tables: readonly string[]): DucktailError {
  return new DucktailError('configuration', `no such table is replicated: ${tables.join(', ')}`, {
    hint: 'Check the spelling, INCLUDE_TABLES and EXCLUDE_TABLES.',
  });
}
