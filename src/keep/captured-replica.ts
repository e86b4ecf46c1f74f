import { DucktailError } from '../common/errors.js';
import type { RowQuery } from '../state/tables.js';
import { readStreamPosition } from '../state/stream.js';
import { copyConsistently } from '../target/consistent-copy.js';
import type { Database } from '../target/database.js';
import { ReadOnlyReplica } from '../target/read-only.js';
import { type CountedTable, countDifferences, countTables } from '../target/table-counts.js';
import type { BackupPosition } from './manifest.js';

export interface CaptureRequest {
  readonly destination: string;
  readonly targetSchema: string;
  readonly patienceMs: number;
  readonly signal: AbortSignal;
}

/** A copy of the replica that was opened and found to be what the replica was at one instant. */
export interface CapturedReplica {
  readonly position: BackupPosition | null;
  readonly tables: readonly CountedTable[];
  /** How long writers waited. */
  readonly pauseSeconds: number;
  /** DuckDB's. */
  readonly version: string;
}

/** Opening it for reading needs little. */
const SETTINGS = { memory_limit: '128MB', threads: '1' };

/** Copies the replica while everything runs, and opens and counts what was copied. */
export async function captureReplica(
  database: Database,
  { destination, targetSchema, patienceMs, signal }: CaptureRequest,
): Promise<CapturedReplica> {
  const { at, tables, pauseSeconds } = await copyConsistently(database, {
    destination,
    readAt: () => readPosition((sql) => database.rows(sql), targetSchema),
    patienceMs,
    signal,
  });
  const expected = { position: at, tables };
  const version = await requireSame(destination, targetSchema, expected, 'the copy', signal);
  return { ...expected, pauseSeconds, version };
}

/** Where the stream of changes is; null where the replica follows none. */
async function readPosition(query: RowQuery, targetSchema: string): Promise<BackupPosition | null> {
  const position = await readStreamPosition(query, targetSchema);
  if (position === null) return null;
  const { sourceIdentity, checkpoint, sourceTimeMs } = position;
  const { fileTimeMs = null, ...place } = checkpoint;
  return {
    sourceIdentity,
    ...place,
    fileTime: timeText(fileTimeMs),
    sourceTime: timeText(sourceTimeMs),
  };
}

function timeText(timeMs: number | null): string | null {
  return timeMs === null ? null : new Date(timeMs).toISOString();
}

/** Opens the file, counts its tables and throws where it is not as expected; returns DuckDB's version. */
export async function requireSame(
  path: string,
  targetSchema: string,
  expected: Pick<CapturedReplica, 'position' | 'tables'>,
  what: string,
  signal: AbortSignal,
): Promise<string> {
  using replica = await ReadOnlyReplica.open(path, SETTINGS);
  using _interruption = replica.interruptOnAbort(signal);
  const query: RowQuery = (sql) => replica.rows(sql);
  const differences = countDifferences(expected.tables, await countTables(query));
  const position = await readPosition(query, targetSchema);
  differences.push(...positionDifferences(position, expected.position));
  if (differences.length > 0) {
    const [first] = differences;
    const others = differences.length === 1 ? '' : ` (and ${differences.length - 1} more)`;
    throw new DucktailError(
      'backup-damaged',
      `${what} is not what it should be: ${first}${others}`,
      {
        hint: 'It was given up. Check the disk; the replica is untouched.',
      },
    );
  }
  const [{ version }] = await query('SELECT version() AS version');
  return String(version);
}

function positionDifferences(
  found: BackupPosition | null,
  expected: BackupPosition | null,
): string[] {
  if (found === null || expected === null) {
    return found === expected
      ? []
      : [`it follows ${found === null ? 'no' : 'a'} stream of changes`];
  }
  const fields = Object.keys(expected) as (keyof BackupPosition)[];
  return fields
    .filter((field) => found[field] !== expected[field])
    .map((field) => `its position's ${field} is ${found[field]}, not ${expected[field]}`);
}
