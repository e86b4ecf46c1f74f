import { copyApart } from './apart-copy.js';
import type { EndReading } from './critical-work.js';
import type { Database } from './database.js';
import { CLIENTS_WRITE, untilNotHeldUp } from './maintenance.js';
import { fileBytes } from './usage.js';
import { countTables, type CountedTable } from './table-counts.js';

/** How long clients' new transactions wait at a time for what holds the checkpoint up. */
const CLIENTS_MS = 5_000;

export interface ConsistentCopy<At> {
  /** What was read at the instant of the copy, with nothing committed in between. */
  readonly at: At;
  /** The rows of every table at that instant. */
  readonly tables: readonly CountedTable[];
  /** How long writers waited. */
  readonly pauseSeconds: number;
}

export interface CopyRequest<At> {
  readonly destination: string;
  readonly readAt: () => Promise<At>;
  /** How long to try where a checkpoint can't run. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
}

/**
 * Copies the file as it is at one instant, while writers go on. They wait for a CHECKPOINT alone:
 * behind it DuckDB writes to the log, and in the file only to blocks that the checkpointed state
 * does not have, until the next one. So that is held off while the file is read (measured: 25 copies
 * beside a writer that replaced rows and loaded tables, each of them exactly that state).
 */
export function copyConsistently<At>(
  database: Database,
  request: CopyRequest<At>,
): Promise<ConsistentCopy<At>> {
  const { destination, signal } = request;
  return database.copying.run(signal, async () => {
    await using _hold = await database.automaticCheckpoints.hold();
    const { at, tables, pauseSeconds } = await checkpointed(database, request);
    // The end of one is waited for also where the other has failed: both are at the file.
    const [copied, counted] = await Promise.allSettled([
      copyApart(database.path, destination, signal),
      tables,
    ]);
    if (copied.status === 'rejected') throw copied.reason;
    if (counted.status === 'rejected') throw counted.reason;
    return { at, tables: counted.value, pauseSeconds };
  });
}

interface CheckpointedInstant<At> {
  readonly at: At;
  readonly tables: Promise<readonly CountedTable[]>;
  readonly pauseSeconds: number;
}

async function checkpointed<At>(
  database: Database,
  { readAt, patienceMs, signal }: CopyRequest<At>,
): Promise<CheckpointedInstant<At>> {
  const attempt = (): Promise<CheckpointedInstant<At>> =>
    database.withWriter(async () => {
      const startedAt = performance.now();
      await moveLogIntoFile(database);
      const at = await readAt();
      const tables = await beginCounting(database);
      return { at, ...tables, pauseSeconds: (performance.now() - startedAt) / 1000 };
    });
  const besideNoClients = async (): Promise<CheckpointedInstant<At>> => {
    // What they commit behind the checkpoint would be counted, and not be in the copy. No CHECKPOINT
    // runs beside readers that are older than an UPDATE of theirs.
    using _gate = await database.clientTransactions.close(CLIENTS_MS, CLIENTS_WRITE, signal);
    return await untilNotHeldUp(attempt, CLIENTS_MS, signal);
  };
  return untilNotHeldUp(besideNoClients, patienceMs, signal);
}

/** For the holder of the writer: the file alone has everything then. */
export async function moveLogIntoFile(database: Database): Promise<void> {
  await database.critical.checkpoint(() => database.run('CHECKPOINT'));
  const left = await fileBytes(`${database.path}.wal`);
  // A log with nothing but its header is written anew.
  if (left > 0) throw new Error(`Cannot CHECKPOINT: ${left} bytes stayed in the log`);
}

/** Counts in a transaction that begins now, and goes on beside the writer. */
async function beginCounting(
  database: Database,
): Promise<{ readonly tables: Promise<readonly CountedTable[]> }> {
  const { connection, close } = await database.connectBeside();
  let endReading: EndReading | null = null;
  const end = async (): Promise<void> => {
    await endReading?.();
    close();
  };
  const query = async (sql: string): Promise<Record<string, unknown>[]> =>
    (await connection.runAndReadAll(sql)).getRowObjectsJson();
  try {
    endReading = await database.critical.beginReading(connection);
    // A transaction sees what there is at its first statement.
    await query(`SELECT count(*) FROM duckdb_tables()`);
  } catch (error) {
    await end();
    throw error;
  }
  return { tables: countTables(query).finally(end) };
}
