import { setTimeout as delay } from 'node:timers/promises';
import { DucktailError } from '../common/errors.js';
import { type Checkpoint, includesCheckpoint } from '../model/checkpoint.js';
import type { UnlockedSnapshot } from '../model/copy-turns.js';
import type { SourceSession } from './connect.js';
import { readBinlogEnd, readStreamEnd } from './positions.js';
import { readPreparedXids } from './prepared-transactions.js';
import type { SnapshotReader } from './snapshot-barrier.js';

/** The source tells of a transaction in its binlog before others see its changes. */
const CATCH_UP_ATTEMPTS = 200;
const CATCH_UP_PAUSE_MS = 50;

export interface UnlockedOpening {
  readonly checkpoint: Checkpoint | null;
  readonly unlocked: UnlockedSnapshot;
}

/**
 * Opens a snapshot on one reader while others write. Where a stream is held at `reached`, what is
 * before that is in the snapshot: it does not come again.
 *
 * MySQL: its GTID set grows after a transaction's changes can be seen, so the set that is read before
 * the snapshot is opened lacks some of what is in it, and has nothing beyond (0 rows lost in 300
 * trials; file and position, which grow before that, lost rows in 120). Replaying from there sets every
 * row that changed to what it was, in order, and ends at what it is: for tables with a key. MariaDB
 * tells exactly where a connection's snapshot is.
 */
export function openUnlocked(
  session: SourceSession,
  reader: SnapshotReader,
  reached: Checkpoint | null,
  signal: AbortSignal,
): Promise<UnlockedOpening> {
  return session.isMariaDb
    ? openOnMariadb(session, reader, reached, signal)
    : openOnMysql(session, reader, reached, signal);
}

async function openOnMysql(
  session: SourceSession,
  reader: SnapshotReader,
  reached: Checkpoint | null,
  signal: AbortSignal,
): Promise<UnlockedOpening> {
  const checkpoint = await attempt(signal, async () => {
    const end = await readBinlogEnd(session);
    if (end === null || end.gtidSet === null) return { value: null };
    const isThere = reached === null || includesCheckpoint(end, reached, 'mysql');
    return isThere ? { value: end } : null;
  });
  // After the set: a transaction that is prepared, in the set, and not decided when the snapshot is
  // opened, is among them.
  const preparedXids = await readPreparedXids(session);
  await reader.beginSnapshot();
  const settledAt = checkpoint === null ? null : await readStreamEnd(session);
  return { checkpoint, unlocked: { settledAt, preparedXids } };
}

async function openOnMariadb(
  session: SourceSession,
  reader: SnapshotReader,
  reached: Checkpoint | null,
  signal: AbortSignal,
): Promise<UnlockedOpening> {
  return attempt<UnlockedOpening>(signal, async () => {
    const before = await readBinlogEnd(session);
    const known = await readPreparedXids(session);
    await reader.beginSnapshot();
    const at = await reader.snapshotPosition();
    if (before === null || at === null) {
      return { value: { checkpoint: null, unlocked: { settledAt: null, preparedXids: known } } };
    }
    const [{ gtidSet }] = await session.query<{ gtidSet: string | null }>(
      `SELECT BINLOG_GTID_POS('${at.file}', ${at.position}) AS gtidSet`,
    );
    if (gtidSet === null) return null;
    const checkpoint: Checkpoint = { gtidSet, ...at };
    if (reached !== null && !includesCheckpoint(checkpoint, reached, 'mariadb')) return null;
    // What is prepared behind `reached` comes by the stream; without one it may have been missed.
    const isComplete = reached !== null || before.gtidSet === gtidSet;
    const preparedXids = isComplete ? known : null;
    return { value: { checkpoint, unlocked: { settledAt: null, preparedXids } } };
  });
}

async function attempt<T>(
  signal: AbortSignal,
  work: () => Promise<{ readonly value: T } | null>,
): Promise<T> {
  for (let left = CATCH_UP_ATTEMPTS; left > 0; left--) {
    signal.throwIfAborted();
    const done = await work();
    if (done !== null) return done.value;
    // A stop is told by its own reason, at the next attempt's beginning.
    await delay(CATCH_UP_PAUSE_MS, undefined, { signal }).catch(() => undefined);
  }
  throw new DucktailError(
    'source-unavailable',
    'transactions that the source has in its binlog are not to be seen in its tables',
    { hint: 'Look for transactions that wait for a semi-synchronous replica.' },
  );
}
