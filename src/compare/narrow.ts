import type { SourceSession } from '../source/connect.js';
import type { ComparedTable } from './compared-table.js';
import {
  type DifferingPart,
  differingParts,
  type Digest,
  type Digests,
  replicaDigests,
  type ReplicaRows,
  sourceDigests,
  sourceRangeDigests,
} from './digests.js';
import { HashPartition, type Partition, RangePartition } from './partition.js';
import type { SqlPair } from './sql-pair.js';

/** Both sides of a comparison. */
export interface Sides {
  readonly session: SourceSession;
  readonly replica: ReplicaRows;
  readonly table: ComparedTable;
}

/** Rows per part: few enough to be looked at one by one, enough for the SQL of each to be little. */
const PART_ROWS = 4_000;
/** Each part is a line of both results, in memory. */
const MAX_PARTS = 16_384;
/** Parts with more rows are divided again. */
const LEAF_ROWS = 8_000;
const DIVISION_PARTS = 1_024;
/** What is read row by row at a time. */
const BATCH_ROWS = 20_000;
const BATCH_PARTS = 500;

export interface DividedTable {
  readonly partition: Partition;
  /** The parts of ranges, in order; null where every row has to be asked for its part. */
  readonly ranges: readonly string[] | null;
}

interface KeyEnds {
  readonly low: string | number | null;
  readonly high: string | number | null;
}

/** Divides the whole table into parts of equal size, where keys are evenly spread. */
export async function dividedTable({ session, replica, table }: Sides): Promise<DividedTable> {
  const [{ n }] = await replica.rows(`SELECT count(*) AS n FROM ${table.from.replica}`);
  const wanted = Math.min(MAX_PARTS, Math.ceil(Number(n) / PART_ROWS));
  const { integerKey } = table;
  if (integerKey === null) {
    return { partition: HashPartition.over(table.identity, wanted), ranges: null };
  }
  const ends = (key: string, from: string): string =>
    `SELECT MIN(${key}) AS low, MAX(${key}) AS high FROM ${from}`;
  const [[here], [there]] = await Promise.all([
    session.query<KeyEnds>(ends(integerKey.source, table.from.source)),
    replica.rows(ends(integerKey.replica, table.from.replica)) as unknown as Promise<KeyEnds[]>,
  ]);
  const values = [here.low, here.high, there.low, there.high].flatMap((value) =>
    value === null ? [] : [BigInt(value)],
  );
  if (values.length === 0) {
    return { partition: new RangePartition(integerKey, 1n, null), ranges: [] };
  }
  const low = values.reduce((a, b) => (a < b ? a : b));
  const high = values.reduce((a, b) => (a > b ? a : b));
  const width = (high - low + 1n) / BigInt(Math.max(wanted, 1)) + 1n;
  const partition = new RangePartition(integerKey, width, null);
  return { partition, ranges: partition.partsBetween(low, high) };
}

/** Ranges in one statement. */
const RANGES_PER_STATEMENT = 16;

/** Digests of the whole table, made on both sides at the same time, the source's by all sessions. */
export async function tableDigests(
  { replica, table }: Sides,
  { partition, ranges }: DividedTable,
  sessions: readonly SourceSession[],
): Promise<{ readonly source: Digests; readonly replica: Digests }> {
  const [source, replicated] = await Promise.all([
    ranges === null
      ? sourceDigests(sessions[0], table, partition)
      : digestsOfRanges(table, partition, ranges, sessions),
    replicaDigests(replica, table, partition),
  ]);
  return { source, replica: replicated };
}

async function digestsOfRanges(
  table: ComparedTable,
  partition: Partition,
  ranges: readonly string[],
  sessions: readonly SourceSession[],
): Promise<Digests> {
  const digests = new Map<string, Digest>();
  let next = 0;
  const work = async (session: SourceSession): Promise<void> => {
    while (next < ranges.length) {
      const some = ranges.slice(next, next + RANGES_PER_STATEMENT);
      next += some.length;
      for (const [part, digest] of await sourceRangeDigests(session, table, partition, some)) {
        digests.set(part, digest);
      }
    }
  };
  await Promise.all(sessions.map(work));
  return digests;
}

/** Both sides' digests of a part, made at the same time. */
async function bothDigests(
  { session, replica, table }: Sides,
  partition: Partition,
): Promise<{ readonly source: Digests; readonly replica: Digests }> {
  const [source, replicated] = await Promise.all([
    sourceDigests(session, table, partition),
    replicaDigests(replica, table, partition),
  ]);
  return { source, replica: replicated };
}

/** Rows among which there are differences, few enough to be looked at one by one. */
export interface NarrowRows {
  readonly condition: SqlPair;
  readonly sourceRows: number;
  readonly replicaRows: number;
  /** How many parts they come from. */
  readonly parts: number;
}

export interface NarrowOptions {
  /** Whether parts of which the source has no row are taken whole, however many rows they have. */
  readonly takesLostParts: boolean;
}

/** Narrows parts that differ until they are small, and gathers those. */
export async function* narrow(
  sides: Sides,
  partition: Partition,
  parts: readonly DifferingPart[],
  options: NarrowOptions,
): AsyncGenerator<NarrowRows> {
  let batch: DifferingPart[] = [];
  let batchRows = 0;
  for (const part of parts) {
    const rows = Math.max(part.sourceRows, part.replicaRows);
    if (options.takesLostParts && part.sourceRows === 0) {
      yield gather(partition, [part]);
      continue;
    }
    const finer = rows > LEAF_ROWS ? divide(partition, part, rows) : null;
    if (finer !== null) {
      const { source, replica } = await bothDigests(sides, finer);
      yield* narrow(sides, finer, differingParts(source, replica), options);
      continue;
    }
    if (batch.length > 0 && (batchRows + rows > BATCH_ROWS || batch.length >= BATCH_PARTS)) {
      yield gather(partition, batch);
      batch = [];
      batchRows = 0;
    }
    batch.push(part);
    batchRows += rows;
  }
  if (batch.length > 0) yield gather(partition, batch);
}

function divide(partition: Partition, { part }: DifferingPart, rows: number): Partition | null {
  const wanted = Math.min(MAX_PARTS, Math.max(DIVISION_PARTS, Math.ceil(rows / PART_ROWS)));
  return partition.divide(part, wanted);
}

function gather(partition: Partition, parts: readonly DifferingPart[]): NarrowRows {
  const sum = (side: 'sourceRows' | 'replicaRows'): number =>
    parts.reduce((total, part) => total + part[side], 0);
  return {
    condition: partition.condition(parts.map(({ part }) => part)),
    sourceRows: sum('sourceRows'),
    replicaRows: sum('replicaRows'),
    parts: parts.length,
  };
}
