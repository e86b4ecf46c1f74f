import { quoteMysqlName } from '../common/identifiers.js';
import type { ColumnPlan, TablePlan } from '../model/column-plan.js';
import type { WatermarkChoice } from '../model/table-schema.js';
import type { SourceClock } from '../model/source-clock.js';
import { selectRows } from '../source/select-rows.js';
import {
  highestWatermark,
  isTemporal,
  watermarkBound,
  watermarkLiteral,
  watermarkValue,
} from '../state/watermarks.js';

/**
 * Counters have no clock: a transaction that drew its number early and commits late is caught within
 * so many numbers.
 */
const COUNTER_LOOKBACK = 10_000;

/** What a run reads of a table and how far its watermark may move. */
export interface ChangedRows {
  /** The source's statement: every row that may have changed since, in the watermark's order. */
  readonly sql: string;
  /** SQL over the stage's alias `s`: rows that may be in the replica as they are. */
  readonly compareWhen: string;
  /** SQL over the same: the watermark, as text, once the rows are applied behind `reached`. */
  watermarkAfter(reached: string | null): string;
}

/**
 * Reads from the lookback below the last watermark on, because a transaction may commit long after
 * it took its timestamp; rows without a watermark (NULL, zero date) are read every time, since
 * nothing tells of their changes. One statement, ordered by watermark and key: equal values are
 * neither skipped nor met twice, and every batch of it ends at a watermark that is safe to store.
 * Rows beyond the source's clock are read as well, but the watermark stays below it: it would hide
 * whatever changes until then.
 */
export function changedRows(
  plan: TablePlan,
  watermark: WatermarkChoice,
  last: string | null,
  clock: SourceClock,
  lookbackSeconds: number,
): ChangedRows {
  const column = columnOf(plan, watermark.column);
  const value = watermarkValue(column, 's');
  const bound = watermarkBound(column, clock);
  const beyond = bound === null ? '' : ` OR ${value} > ${bound}`;
  return {
    sql: sourceQuery(plan, watermark, last, clock, lookbackSeconds),
    compareWhen:
      last === null
        ? 'true'
        : `${value} IS NULL OR ${value} <= ${watermarkLiteral(column, last)}${beyond}`,
    watermarkAfter: (reached) => highestWatermark(column, clock, reached),
  };
}

function columnOf({ columns }: TablePlan, name: string): ColumnPlan {
  const column = columns.find((candidate) => candidate.name === name);
  if (column === undefined) throw new Error(`no column ${name}`);
  return column;
}

/** SQL for the source about the rows that a run reads of a table. */
export interface SourceWindow {
  /** Makes the server read by the watermark: it may think that a scan is cheaper, and then sorts. */
  readonly hint: string;
  /** Rows that may have changed since; null: all of them. */
  readonly within: string | null;
  /** Those of them above the last watermark, which must have changed. */
  readonly above: string | null;
}

export function sourceWindow(
  plan: TablePlan,
  { column: name, indexName }: WatermarkChoice,
  last: string | null,
  clock: SourceClock,
  lookbackSeconds: number,
): SourceWindow {
  if (last === null) return { hint: '', within: null, above: null };
  const column = quoteMysqlName(name);
  const planned = columnOf(plan, name);
  const isTime = isTemporal(planned);
  const isLocal = planned.sourceType.startsWith('datetime');
  const lookback = lookbackSeconds + (isLocal ? clock.daylightSeconds : 0);
  const unmarked = `${column} IS NULL${isTime ? ` OR ${column} = '0000-00-00 00:00:00'` : ''}`;
  return {
    hint: indexName === null ? '' : ` FORCE INDEX (${quoteMysqlName(indexName)})`,
    within: `${column} >= ${lowerBound(planned, last, lookback)} OR ${unmarked}`,
    above: `${column} > ${isTime ? `'${last}'` : last}`,
  };
}

function lowerBound(column: ColumnPlan, last: string, lookbackSeconds: number): string {
  // Before the year 1 there is no time: MariaDB makes that NULL.
  return isTemporal(column)
    ? `COALESCE('${last}' - INTERVAL ${lookbackSeconds} SECOND, '0000-00-00 00:00:00')`
    : (BigInt(last) - BigInt(COUNTER_LOOKBACK)).toString();
}

function sourceQuery(
  plan: TablePlan,
  watermark: WatermarkChoice,
  last: string | null,
  clock: SourceClock,
  lookbackSeconds: number,
): string {
  const { schema } = plan;
  const order = [watermark.column, ...(schema.key?.columns ?? [])].map(quoteMysqlName).join(', ');
  const { hint, within } = sourceWindow(plan, watermark, last, clock, lookbackSeconds);
  const where = within === null ? '' : ` WHERE ${within}`;
  return `${selectRows(schema)}${hint}${where} ORDER BY ${order}`;
}
