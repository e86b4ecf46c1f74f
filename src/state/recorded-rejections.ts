import { quoteDuckdbText } from '../common/identifiers.js';
import type { RowQuery } from './tables.js';

const INVALID_DATE = quoteDuckdbText('zero or partial date');

/** What SQL can't find out about a value by itself. The other reasons are a matter of comparison. */
const REASONS = ['invalid UTF-8', 'number out of range', 'malformed value']
  .map(quoteDuckdbText)
  .join(', ');

/** Which values of a table are known to be NULL in the replica and something else in the source. */
export interface RecordedRejections {
  readonly count: number;
  /** Columns in which invalid UTF-8 was met. */
  readonly invalidTexts: ReadonlySet<string>;
  /** Columns with dates that don't exist, which are not counted. */
  readonly invalidDates: ReadonlySet<string>;
}

export async function readRejections(
  query: RowQuery,
  targetSchema: string,
  table: string,
): Promise<RecordedRejections> {
  const known = await query(
    `SELECT 1 FROM duckdb_tables()
      WHERE schema_name = '_ducktail' AND table_name = 'rejected_values'`,
  );
  if (known.length === 0) {
    return { count: 0, invalidTexts: new Set(), invalidDates: new Set() };
  }
  const rows = await query(
    `SELECT column_name, count(*) FILTER (reason IN (${REASONS})) AS n,
            bool_or(reason = 'invalid UTF-8') AS invalid_text,
            bool_or(reason = ${INVALID_DATE}) AS invalid_date
       FROM _ducktail.rejected_values
      WHERE ${ofTable(targetSchema, table)} GROUP BY column_name`,
  );
  const columnsWith = (flag: 'invalid_text' | 'invalid_date'): ReadonlySet<string> =>
    new Set(rows.filter((row) => row[flag] === true).map((row) => String(row.column_name)));
  return {
    count: rows.reduce((sum, { n }) => sum + Number(n), 0),
    invalidTexts: columnsWith('invalid_text'),
    invalidDates: columnsWith('invalid_date'),
  };
}

/** The columns with rejected values of some rows, by the row's key as a JSON array of texts. */
export async function readRejectedColumns(
  query: RowQuery,
  targetSchema: string,
  table: string,
  keys: readonly string[],
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const rows = await query(
    `SELECT row_key::VARCHAR AS row_key, column_name FROM _ducktail.rejected_values
      WHERE ${ofTable(targetSchema, table)} AND reason IN (${REASONS})
        AND row_key::VARCHAR IN (${keys.map(quoteDuckdbText).join(', ')})`,
  );
  const columns = new Map<string, Set<string>>();
  for (const row of rows) {
    const key = String(row.row_key);
    columns.set(key, (columns.get(key) ?? new Set()).add(String(row.column_name)));
  }
  return columns;
}

function ofTable(targetSchema: string, table: string): string {
  return `target_schema = ${quoteDuckdbText(targetSchema)} AND table_name = ${quoteDuckdbText(table)}`;
}
