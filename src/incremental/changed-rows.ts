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
  const isLocal = column.sourceType.startsWith('datetime');
  const lookback = lookbackSeconds + (isLocal ? clock.daylightSeconds : 0);
  return {
    sql: sourceQuery(plan, watermark, last === null ? null : lowerBound(column, last, lookback)),
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

function lowerBound(column: ColumnPlan, last: string, lookbackSeconds: number): string {
  // Before the year 1 there is no time: MariaDB makes that NULL.
  return isTemporal(column)
    ? `COALESCE('${last}' - INTERVAL ${lookbackSeconds} SECOND, '0000-00-00 00:00:00')`
    : (BigInt(last) - BigInt(COUNTER_LOOKBACK)).toString();
}

function sourceQuery(plan: TablePlan, watermark: WatermarkChoice, lower: string | null): string {
  const { schema } = plan;
  const column = quoteMysqlName(watermark.column);
  const select = selectRows(schema);
  const order = [watermark.column, ...(schema.key?.columns ?? [])].map(quoteMysqlName).join(', ');
  if (lower === null) return `${select} ORDER BY ${order}`;
  // The server may think that a scan is cheaper, and then sorts.
  const { indexName } = watermark;
  const hint = indexName === null ? '' : ` FORCE INDEX (${quoteMysqlName(indexName)})`;
  const isTime = isTemporal(columnOf(plan, watermark.column));
  const unmarked = `${column} IS NULL${isTime ? ` OR ${column} = '0000-00-00 00:00:00'` : ''}`;
  return `${select}${hint} WHERE ${column} >= ${lower} OR ${unmarked} ORDER BY ${order}`;
}
