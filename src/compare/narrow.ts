import type { SourceSession } from '../source/connect.js';
import type { ComparedTable } from './compared-table.js';
import {
  type DifferingPart,
  differingParts,
  type Digests,
  replicaDigests,
  type ReplicaRows,
  sourceDigests,
} from './digests.js';
import { HashPartition, type Partition, RangePartition } from './partition.js';
import type { SqlPair } from './sql-pair.js';

/** Both sides of a comparison. */
export interface Sides {
  readonly session: SourceSession;
  readonly replica: ReplicaRows;
  readonly table: ComparedTable;
}

/** Rows per part of the first division, which is also how finely one changed row is located. */
const PART_ROWS = 1_000;
/** Each part is a line of both results, in memory. */
const MAX_PARTS = 16_384;
/** Parts with more rows are divided again. */
const LEAF_ROWS = 4_000;
const DIVISION_PARTS = 1_024;
/** What is read row by row at a time. */
const BATCH_ROWS = 20_000;
const BATCH_PARTS = 500;

export interface DividedTable {
  readonly partition: Partition;
  /** Conditions for sessions that share the source's whole table; null for all of it. */
  readonly slices: readonly (string | null)[];
}

/** Divides the whole table into parts of about a thousand rows, where keys are evenly spread. */
export async function dividedTable(
  { session, replica, table }: Sides,
  sessions = 1,
): Promise<DividedTable> {
  const [{ n }] = await replica.rows(`SELECT count(*) AS n FROM ${table.from.replica}`);
  const wanted = Math.min(MAX_PARTS, Math.ceil(Number(n) / PART_ROWS));
  const { integerKey } = table;
  if (integerKey === null) {
    return { partition: HashPartition.over(table.identity, wanted), slices: [null] };
  }
  const ends = (key: string, from: string): string =>
    `SELECT MIN(${key}) AS low, MAX(${key}) AS high FROM ${from}`;
  const [[here], [there]] = await Promise.all([
    session.query<Record<string, unknown>>(ends(integerKey.source, table.from.source)),
    replica.rows(ends(integerKey.replica, table.from.replica)),
  ]);
  const values = [here.low, here.high, there.low, there.high].flatMap((value) =>
    value === null || value === undefined ? [] : [BigInt(String(value))],
  );
  if (values.length === 0) {
    return { partition: new RangePartition(integerKey, 1n, null), slices: [null] };
  }
  const low = values.reduce((a, b) => (a < b ? a : b));
  const high = values.reduce((a, b) => (a > b ? a : b));
  const width = (high - low + 1n) / BigInt(Math.max(wanted, 1)) + 1n;
  const partition = new RangePartition(integerKey, width, null);
  return { partition, slices: partition.slices(low, high, sessions) };
}

/** Both sides' digests, made at the same time. */
export async function bothDigests(
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
