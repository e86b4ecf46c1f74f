import type { TablePlan } from '../model/column-plan.js';
import type { SourceSession } from '../source/connect.js';
import { comparedTable, type ComparedTable } from './compared-table.js';
import { differingParts, type ReplicaRows, rowMarks } from './digests.js';
import { dividedTable, narrow, type NarrowRows, type Sides, tableDigests } from './narrow.js';

export interface GoneRowsOptions {
  /** Its character set may be any; only SELECTs are run in it. */
  readonly session: SourceSession;
  readonly database: ReplicaRows;
  /** Of a table with a key. */
  readonly plan: TablePlan;
  /** The replica's table, as a qualified DuckDB name. */
  readonly table: string;
}

export interface GoneRows {
  /** A DuckDB condition that holds for exactly these rows of the table. */
  readonly condition: string;
  readonly rows: number;
}

/** Keys in one condition. */
const MAX_KEYS = 5_000;
const NOTHING_INVALID: ReadonlySet<string> = new Set();

/**
 * The rows of the replica whose keys the source does not have any more. Ranges of keys are compared
 * by count and checksum, keys are read only where those differ, and rows nowhere. They may be
 * deleted while more are looked for. Keys that the replica can't hold and has as NULL stay, as long
 * as the source has one of them.
 */
export async function* goneRows(options: GoneRowsOptions): AsyncGenerator<GoneRows> {
  const { session, database: replica, plan } = options;
  const table = comparedTable(plan, options.table, {
    isMariaDb: session.isMariaDb,
    invalidTexts: NOTHING_INVALID,
    invalidDates: null,
    scope: 'key',
  });
  const sides: Sides = { session, replica, table };
  const divided = await dividedTable(sides);
  const { partition } = divided;
  const digests = await tableDigests(sides, divided, [session]);
  const parts = differingParts(digests.source, digests.replica).filter(
    ({ replicaRows }) => replicaRows > 0,
  );
  for await (const rows of narrow(sides, partition, parts, { takesLostParts: true })) {
    if (rows.sourceRows > 0) yield* goneAmong(sides, rows);
    else yield { condition: rows.condition.replica, rows: rows.replicaRows };
  }
}

async function* goneAmong(sides: Sides, { condition }: NarrowRows): AsyncGenerator<GoneRows> {
  const { session, replica, table } = sides;
  const marks = await rowMarks(session, replica, table, condition);
  const present = new Set(marks.source.map(({ identity }) => identity));
  const gone = marks.replica.filter(({ identity }) => !present.has(identity));
  for (let first = 0; first < gone.length; first += MAX_KEYS) {
    const some = gone.slice(first, first + MAX_KEYS);
    yield {
      condition: conditionOn(
        table,
        condition.replica,
        some.map(({ identity }) => identity),
      ),
      rows: some.reduce((sum, { count }) => sum + count, 0),
    };
  }
}

/** The bounds let DuckDB skip row groups, which a list of keys alone does not. */
function conditionOn(table: ComparedTable, within: string, keys: readonly string[]): string {
  const among = `${table.identity.replica} IN (${keys.join(', ')})`;
  if (table.integerKey === null) return `${within} AND ${among}`;
  const numbers = keys.map(BigInt);
  const low = numbers.reduce((a, b) => (a < b ? a : b));
  const high = numbers.reduce((a, b) => (a > b ? a : b));
  return `${table.integerKey.replica} BETWEEN ${low} AND ${high} AND ${among}`;
}
