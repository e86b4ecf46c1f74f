import { qualifiedMysqlName } from '../common/identifiers.js';
import { comparedTable } from '../compare/compared-table.js';
import { sourceAggregates } from '../compare/digests.js';
import type { SourceSession } from '../source/connect.js';
import { sourceWindow } from './changed-rows.js';
import type { FollowedTable, IncrementalContext } from './incremental-sync.js';

/** The rows that a run would read of a table, where none of them is above its watermark. */
export interface SourceRows {
  readonly count: number;
  /** Count and checksum in one: equal for equal rows. */
  readonly window: string;
}

type WindowContext = Pick<IncrementalContext, 'options' | 'clock' | 'signal'>;

interface WindowRow {
  readonly part: string | number;
  readonly n: string | number;
  readonly x: string | number;
  readonly newer: string | number;
}

/** Tables in one statement. */
const TABLES = 50;
const NONE: ReadonlySet<string> = new Set();

/**
 * Asks the source for the state of all windows in few statements, by table name. A window is what a
 * run reads: from the lookback below the watermark on, and rows without a watermark. Left out are
 * tables that have changes for certain, that are scanned in any case, or that can't be asked:
 * reading them tells why.
 *
 * A row must not be lost that was changed between this and the reading, so a window counts as
 * compared only where as many rows were read and the watermark stayed. What could be missed then is
 * a row that was changed without its watermark, and is changed back to the last byte until the next
 * run.
 */
export async function readSourceWindows(
  session: SourceSession,
  tables: readonly FollowedTable[],
  context: WindowContext,
): Promise<Map<string, SourceRows>> {
  const windows = new Map<string, SourceRows>();
  const asked = tables.flatMap((table) => {
    const select = windowSelect(session, table, context);
    return select === null ? [] : [{ name: table.plan.schema.name, select }];
  });
  const { signal } = context;
  const stop = (): void => {
    session.destroy();
  };
  signal.addEventListener('abort', stop);
  try {
    for (let first = 0; first < asked.length; first += TABLES) {
      const some = asked.slice(first, first + TABLES);
      const selects = some.map(({ select }, at) => `SELECT ${at} AS part, ${select}`);
      const rows = await session.query<WindowRow>(selects.join(' UNION ALL '));
      for (const { part, n, x, newer } of rows) {
        if (Number(newer) !== 0) continue;
        windows.set(some[Number(part)].name, { count: Number(n), window: `${n} ${x}` });
      }
    }
  } catch {
    // Whatever it is: reading meets it again, knows the table, and tries again where that helps.
    signal.throwIfAborted();
  } finally {
    signal.removeEventListener('abort', stop);
  }
  return windows;
}

function windowSelect(
  session: SourceSession,
  { plan, watermark: { value: last } }: FollowedTable,
  { options, clock }: WindowContext,
): string | null {
  const { schema } = plan;
  const { watermark } = schema;
  if (watermark === null || (last !== null && watermark.indexName === null)) return null;
  const table = comparedTable(plan, '', {
    isMariaDb: session.isMariaDb,
    invalidTexts: NONE,
    invalidDates: NONE,
    tellsLostValues: true,
    scope: 'row',
  });
  const { hint, within, above } = sourceWindow(
    plan,
    watermark,
    last,
    clock,
    options.lookbackSeconds,
  );
  const from = `FROM ${qualifiedMysqlName(schema.database, schema.name)}${hint}`;
  // Decided by the index, before any row of the window is looked at.
  const newer = `EXISTS (SELECT 1 ${from}${above === null ? '' : ` WHERE ${above}`})`;
  const where = `${within === null ? '' : `(${within}) AND `}NOT ${newer}`;
  return `${sourceAggregates(session, table)}, ${newer} AS newer ${from} WHERE ${where}`;
}
