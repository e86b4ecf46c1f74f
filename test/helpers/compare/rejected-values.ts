import type { Replica } from '../replica.js';
import type { TextRow } from '../test-source.js';
import { quoteSourceName } from './canonical-column.js';
import type { ComparableTable } from './comparable-table.js';
import type { Difference } from './row-difference.js';

/**
 * Every value that the replica cannot hold has to be recorded once, with its column, its row's key
 * and its text as the source prints it; and nothing else. `state` is the full name of `_ducktail`.
 */
export async function differingRejections(
  table: ComparableTable,
  query: (sql: string) => Promise<TextRow[]>,
  replica: Replica,
  target: { readonly schema: string; readonly state: string },
): Promise<Difference[]> {
  const expected = await expectedRejections(table, query);
  const recorded = await replica.texts(
    `SELECT column_name, CAST(row_key AS VARCHAR), source_text FROM ${target.state}.rejected_values
      WHERE table_name = '${table.name.replaceAll("'", "''")}' AND target_schema = '${target.schema}'`,
  );
  const expectedTexts = expected.map((row) => JSON.stringify(row)).sort();
  const recordedTexts = recorded.map((row) => JSON.stringify(row)).sort();
  const missing = withoutEach(expectedTexts, recordedTexts);
  const extra = withoutEach(recordedTexts, expectedTexts);
  return [
    ...missing.map((text) => rejection(table.name, text, null)),
    ...extra.map((text) => rejection(table.name, null, text)),
  ];
}

/** Rows of column name, key as JSON array of texts (null without a key), source text. */
async function expectedRejections(
  table: ComparableTable,
  query: (sql: string) => Promise<TextRow[]>,
): Promise<TextRow[]> {
  const expected: TextRow[] = [];
  const keys = table.key.map((at) => quoteSourceName(table.columns[at].name));
  for (const { name, rejectedWhen, isHexText } of table.columns) {
    if (rejectedWhen === null) continue;
    const column = quoteSourceName(name);
    const text = isHexText ? column : `CAST(${column} AS CHAR)`;
    const rows = await query(
      `SELECT ${[text, ...keys].join(', ')} FROM ${quoteSourceName(table.name)} WHERE ${rejectedWhen}`,
    );
    for (const [value, ...key] of rows) {
      expected.push([name, key.length === 0 ? null : JSON.stringify(key), value]);
    }
  }
  return expected;
}

function withoutEach(from: readonly string[], remove: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const text of remove) counts.set(text, (counts.get(text) ?? 0) + 1);
  return from.filter((text) => {
    const count = counts.get(text) ?? 0;
    counts.set(text, count - 1);
    return count <= 0;
  });
}

function rejection(table: string, source: string | null, replica: string | null): Difference {
  return { kind: 'rejected value', table, key: null, column: null, source, replica };
}
