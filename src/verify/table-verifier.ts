import { comparedTable, type ComparedTable } from '../compare/compared-table.js';
import { type DifferingPart, rowMarks } from '../compare/digests.js';
import { narrow, type NarrowRows, type Sides } from '../compare/narrow.js';
import type { Partition } from '../compare/partition.js';
import type { SqlPair } from '../compare/sql-pair.js';
import type { TablePlan } from '../model/column-plan.js';
import type { SourceSession } from '../source/connect.js';
import { readRejectedColumns, readRejections } from '../state/recorded-rejections.js';
import { differingColumns, Findings } from './findings.js';
import { compareAgain, compareRanges } from './range-comparison.js';
import { type RowDetails, rowDetails } from './row-details.js';
import { type RowDifference, rowDifferences } from './row-differences.js';
import { schemaDifference } from './schema-difference.js';
import type { Repairer } from './repairer.js';
import type { StillSource, StreamedReplica, VerifyContext } from './verify-context.js';
import type { TableVerification } from './verify-result.js';

export type VerifiedRows = Omit<TableVerification, 'table' | 'seconds' | 'error'>;

/** Rows looked at column by column at a time. */
const DETAILED_ROWS = 200;
/** Rows that a transaction of a repair replaces. */
const REPAIRED_ROWS = 5_000;
/** The source may be written to while it is read again. */
const REPAIR_ROUNDS = 3;
/** Rows that are compared while a stream of changes has to wait. */
const STILL_ROWS = 100_000;

/**
 * Compares one table by value, repairs it if that was asked for, and tells what was found. Throws
 * where the replica has no such table or one of other columns.
 */
export async function verifyTable(plan: TablePlan, context: VerifyContext): Promise<VerifiedRows> {
  const { replica, targetSchema } = context;
  const difference = await schemaDifference(replica, targetSchema, plan);
  if (difference !== null) throw difference;
  const verifier = new TableVerifier(plan, context);
  return verifier.run();
}

class TableVerifier {
  private sides!: Sides;
  private table!: ComparedTable;
  private hasRejections = false;
  private session: SourceSession;
  private repairer: Repairer | null;
  /** Whether the session is in a snapshot for more than one step. */
  private isStill = false;

  constructor(
    private readonly plan: TablePlan,
    private readonly context: VerifyContext,
  ) {
    [this.session] = context.sessions;
    ({ repairer: this.repairer } = context);
  }

  /** What is on record about values of the table says how it is compared; repairs add to it. */
  private async prepare(): Promise<void> {
    const { replica, targetSchema } = this.context;
    const { name } = this.plan.schema;
    const query = (sql: string): Promise<Record<string, unknown>[]> => replica.rows(sql);
    const { count, invalidTexts, invalidDates } = await readRejections(query, targetSchema, name);
    this.hasRejections = count > 0;
    this.table = comparedTable(this.plan, this.context.qualify(name), {
      isMariaDb: this.session.isMariaDb,
      invalidTexts,
      invalidDates,
      scope: 'row',
    });
    this.sides = { session: this.session, replica, table: this.table };
  }

  async run(): Promise<VerifiedRows> {
    await this.prepare();
    const { partition, ranges, sourceRows, differing, settled } = await compareRanges(
      this.sides,
      this.context,
    );
    const findings = new Findings(this.table);
    const { stream } = this.context;
    const left =
      stream === null
        ? await this.inspectAll(partition, differing, findings)
        : await this.inspectStill(stream, partition, differing, findings);
    const { missing, extra, changed, differingRows, examples } = findings;
    return {
      rows: sourceRows,
      ranges,
      differingRanges: differingRows === 0 ? 0 : differing.length,
      differingRows,
      missing,
      extra,
      changed,
      examples,
      repaired: Math.max(0, differingRows - left),
      settled,
    };
  }

  /** Resolves to how many of the rows that differ are left so. */
  private async inspectAll(
    partition: Partition,
    differing: readonly DifferingPart[],
    findings: Findings,
  ): Promise<number> {
    const before = findings.differingRows;
    await this.inspectParts(partition, differing, findings, this.repairer !== null);
    const found = findings.differingRows - before;
    const parts = differing.map(({ part }) => part);
    return found === 0 ? 0 : this.leftToRepair(partition, parts, found);
  }

  /** The same while both sides stand still at one position, so that what differs then is wrong. */
  private async inspectStill(
    stream: StreamedReplica,
    partition: Partition,
    differing: readonly DifferingPart[],
    findings: Findings,
  ): Promise<number> {
    let left = 0;
    for (const some of portions(differing)) {
      const parts = some.map(({ part }) => part);
      left += await stream.standStill(this.plan, async (source) => {
        await this.stand(source);
        const again = await compareAgain(this.sides, partition, parts);
        return this.inspectAll(partition, again, findings);
      });
    }
    return left;
  }

  private async stand({ session, repairer }: StillSource): Promise<void> {
    const { replica, targetSchema } = this.context;
    // The source may have altered it since.
    const difference = await schemaDifference(replica, targetSchema, this.plan);
    if (difference !== null) throw difference;
    this.session = session;
    this.repairer = repairer;
    this.isStill = true;
    await this.prepare();
  }

  /** Compares what was repaired once more, and repairs what differs still. */
  private async leftToRepair(
    partition: Partition,
    parts: readonly string[],
    found: number,
  ): Promise<number> {
    if (this.repairer === null) return found;
    for (let round = 1; ; round++) {
      await this.prepare();
      const again = await compareAgain(this.sides, partition, parts);
      const findings = new Findings(this.table);
      await this.inspectParts(partition, again, findings, round < REPAIR_ROUNDS);
      if (findings.differingRows === 0 || round === REPAIR_ROUNDS) return findings.differingRows;
    }
  }

  private async inspectParts(
    partition: Partition,
    parts: readonly DifferingPart[],
    findings: Findings,
    repairs: boolean,
  ): Promise<void> {
    for await (const rows of narrow(this.sides, partition, parts, { takesLostParts: false })) {
      this.context.signal.throwIfAborted();
      const differences = await this.inspect(rows, findings);
      if (repairs) await this.repair(rows.condition, differences);
    }
  }

  /** All in one snapshot, so that the values shown are those that were compared. */
  private async inspect(rows: NarrowRows, findings: Findings): Promise<RowDifference[]> {
    const { session, replica } = this.sides;
    if (!this.isStill) await session.query('START TRANSACTION WITH CONSISTENT SNAPSHOT');
    const marks = await rowMarks(session, replica, this.table, rows.condition);
    const hasKey = this.table.key.length > 0;
    const found = rowDifferences(marks.source, marks.replica, hasKey);
    const differences =
      this.hasRejections && hasKey ? await this.withoutRejected(rows.condition, found) : found;
    findings.count(differences);
    const examples = differences.slice(0, findings.wantedExamples);
    for (const { difference, source, replica: copies } of await this.details(
      rows.condition,
      examples,
    )) {
      findings.exemplify(difference, source, copies);
    }
    if (!this.isStill) await session.query('COMMIT');
    return differences;
  }

  /** Leaves out rows that differ in nothing but values on record as rejected, which are NULL. */
  private async withoutRejected(
    within: SqlPair,
    differences: readonly RowDifference[],
  ): Promise<RowDifference[]> {
    const left: RowDifference[] = [];
    for (let first = 0; first < differences.length; first += DETAILED_ROWS) {
      const details = await this.details(within, differences.slice(first, first + DETAILED_ROWS));
      const keys = details.flatMap(({ source }) => source.map(({ key }) => JSON.stringify(key)));
      const rejected = await this.rejectedColumns(keys);
      left.push(
        ...details
          .filter(({ source, replica }) => !this.differsOnlyByRejected(source, replica, rejected))
          .map(({ difference }) => difference),
      );
    }
    return left;
  }

  private async rejectedColumns(
    keys: readonly string[],
  ): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    if (keys.length === 0) return new Map();
    const { replica, targetSchema } = this.context;
    const query = (sql: string): Promise<Record<string, unknown>[]> => replica.rows(sql);
    return readRejectedColumns(query, targetSchema, this.plan.schema.name, keys);
  }

  private differsOnlyByRejected(
    source: readonly RowDetails[],
    replica: readonly RowDetails[],
    rejected: ReadonlyMap<string, ReadonlySet<string>>,
  ): boolean {
    if (source.length !== 1 || replica.length !== 1) return false;
    const [[here], [there]] = [source, replica];
    const columns = rejected.get(JSON.stringify(here.key));
    return (
      columns !== undefined &&
      differingColumns(here, there).every(
        (at) => columns.has(this.table.columns[at].name) && there.values[at].shown === null,
      )
    );
  }

  private async details(
    within: SqlPair,
    differences: readonly RowDifference[],
  ): Promise<{ difference: RowDifference; source: RowDetails[]; replica: RowDetails[] }[]> {
    if (differences.length === 0) return [];
    const identities = differences.map(({ identity }) => identity);
    const { source, replica } = await rowDetails(this.sides, within, identities);
    const of = (rows: readonly RowDetails[], identity: string): RowDetails[] =>
      rows.filter((row) => row.identity === identity);
    return differences.map((difference) => ({
      difference,
      source: of(source, difference.identity),
      replica: of(replica, difference.identity),
    }));
  }

  private async repair(within: SqlPair, differences: readonly RowDifference[]): Promise<void> {
    const { repairer } = this;
    const { name } = this.plan.schema;
    for (let first = 0; first < differences.length; first += REPAIRED_ROWS) {
      const identities = differences
        .slice(first, first + REPAIRED_ROWS)
        .map(({ identity }) => identity)
        .join(', ');
      const among = (side: keyof SqlPair): string =>
        `${within[side]} AND ${this.table.identity[side]} IN (${identities})`;
      await repairer?.replace(this.plan, this.context.qualify(name), {
        source: among('source'),
        replica: among('replica'),
      });
    }
  }
}

/** Groups of parts with about so many rows as may be compared at a time. */
function portions(parts: readonly DifferingPart[]): DifferingPart[][] {
  const groups: DifferingPart[][] = [];
  let rows = Infinity;
  for (const part of parts) {
    if (rows > STILL_ROWS) {
      groups.push([]);
      rows = 0;
    }
    groups.at(-1)?.push(part);
    rows += Math.max(part.sourceRows, part.replicaRows);
  }
  return groups;
}
