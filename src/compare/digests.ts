import type { SourceSession } from '../source/connect.js';
import type { ComparedTable } from './compared-table.js';
import type { Partition } from './partition.js';
import type { SqlPair } from './sql-pair.js';

/** What of a replica is needed: a `Database` or a `ReadOnlyReplica`. */
export interface ReplicaRows {
  rows(sql: string): Promise<Record<string, unknown>[]>;
}

/** A part of a table in a few bytes: equal parts have equal digests. */
export interface Digest {
  readonly rows: number;
  readonly checksum: string;
}

/** By part. */
export type Digests = ReadonlyMap<string, Digest>;

/** A row that is met `count` times. */
export interface RowMark {
  readonly identity: string;
  readonly checksum: string;
  readonly count: number;
}

/** As both drivers give whole numbers. */
type WholeNumber = string | number;

interface DigestRow {
  readonly part: WholeNumber;
  readonly n: WholeNumber;
  readonly x: WholeNumber;
  readonly s?: WholeNumber;
}

/** `where` narrows the partition's own rows. */
export async function sourceDigests(
  session: SourceSession,
  table: ComparedTable,
  partition: Partition,
  where: string | null = partition.within?.source ?? null,
): Promise<Digests> {
  const rows = await session.query<DigestRow>(
    `SELECT ${partition.part.source} AS part, ${sourceAggregates(session, table)} ` +
      `FROM ${table.from.source}${whereClause(table, where)} GROUP BY 1`,
  );
  return toDigests(rows);
}

/** The same for ranges: one after the other saves the server grouping, a fifth of the time. */
export async function sourceRangeDigests(
  session: SourceSession,
  table: ComparedTable,
  partition: Partition,
  parts: readonly string[],
): Promise<Digests> {
  const aggregates = sourceAggregates(session, table);
  const selects = parts.map((part) => {
    const { source } = partition.condition([part]);
    return `SELECT ${part} AS part, ${aggregates} FROM ${table.from.source}${whereClause(table, source)}`;
  });
  const rows = await session.query<DigestRow>(selects.join(' UNION ALL '));
  return toDigests(rows.filter(({ n }) => Number(n) > 0));
}

/** `n`, `x` and, where rows may repeat, `s`: what a `Digest` is made of. */
export function sourceAggregates(session: SourceSession, table: ComparedTable): string {
  const { source, sourceHex } = table.checksum;
  // MySQL XORs bytes: that saves making a number of each hash. It has no sum of them.
  const bytes = `CAST(CONV(HEX(BIT_XOR(UNHEX(${sourceHex}))), 16, 10) AS UNSIGNED)`;
  const xor =
    sourceHex !== null && !session.isMariaDb && !table.mayRepeat ? bytes : `BIT_XOR(${source})`;
  return `COUNT(*) AS n, ${xor} AS x${table.mayRepeat ? `, SUM(${source}) AS s` : ''}`;
}

export async function replicaDigests(
  replica: ReplicaRows,
  table: ComparedTable,
  partition: Partition,
  where: string | null = partition.within?.replica ?? null,
): Promise<Digests> {
  const checksum = table.checksum.replica;
  const sum = table.mayRepeat ? `, sum(${checksum}) AS s` : '';
  const rows = await replica.rows(
    `SELECT ${partition.part.replica} AS part, count(*) AS n, bit_xor(${checksum}) AS x${sum} ` +
      `FROM ${table.from.replica}${where === null ? '' : ` WHERE ${where}`} GROUP BY 1`,
  );
  return toDigests(rows as unknown as DigestRow[]);
}

/** Without the hint the server may scan the whole table for ranges that it thinks are large. */
function whereClause(table: ComparedTable, where: string | null): string {
  if (where === null) return '';
  return `${table.integerKey === null ? '' : table.indexHint} WHERE ${where}`;
}

function toDigests(rows: readonly DigestRow[]): Digests {
  return new Map(
    rows.map(({ part, n, x, s }) => [
      String(part),
      { rows: Number(n), checksum: s === undefined ? String(x) : `${String(x)} ${String(s)}` },
    ]),
  );
}

/** A part of which the sides have different rows. */
export interface DifferingPart {
  readonly part: string;
  readonly sourceRows: number;
  readonly replicaRows: number;
}

export function differingParts(source: Digests, replica: Digests): DifferingPart[] {
  const parts = new Set([...source.keys(), ...replica.keys()]);
  return [...parts].flatMap((part) => {
    const [here, there] = [source.get(part), replica.get(part)];
    if (here?.rows === there?.rows && here?.checksum === there?.checksum) return [];
    return [{ part, sourceRows: here?.rows ?? 0, replicaRows: there?.rows ?? 0 }];
  });
}

interface MarkRow {
  readonly k: WholeNumber;
  readonly c: WholeNumber;
  readonly n: WholeNumber;
}

/** Which rows are where the condition holds, on each side. */
export async function rowMarks(
  session: SourceSession,
  replica: ReplicaRows,
  table: ComparedTable,
  condition: SqlPair,
): Promise<{ readonly source: RowMark[]; readonly replica: RowMark[] }> {
  const select = (side: 'source' | 'replica'): string =>
    `SELECT ${table.identity[side]} AS k, ${table.checksum[side]} AS c, COUNT(*) AS n ` +
    `FROM ${table.from[side]}`;
  const [source, replicated] = await Promise.all([
    session.query<MarkRow>(
      `${select('source')}${whereClause(table, condition.source)} GROUP BY 1, 2`,
    ),
    replica.rows(`${select('replica')} WHERE ${condition.replica} GROUP BY 1, 2`),
  ]);
  const toMark = ({ k, c, n }: MarkRow): RowMark => ({
    identity: String(k),
    checksum: String(c),
    count: Number(n),
  });
  return { source: source.map(toMark), replica: (replicated as unknown as MarkRow[]).map(toMark) };
}
