import type { TextRow } from '../test-source.js';
import type { ComparableTable } from './comparable-table.js';

export interface Difference {
  readonly kind:
    'missing table' | 'column' | 'missing row' | 'extra row' | 'value' | 'rejected value';
  readonly table: string;
  /** The row's key values; null without a key, or where no row is meant. */
  readonly key: string | null;
  readonly column: string | null;
  readonly source: string | null;
  readonly replica: string | null;
}

/**
 * Compares rows as multisets, then tells rows apart by key: equal rows cancel each other, and what
 * is left with the same key differs in some column.
 */
export function differingRows(
  table: ComparableTable,
  source: readonly TextRow[],
  replica: readonly TextRow[],
): Difference[] {
  const missing = subtract(source, replica);
  const extra = new Map<string, TextRow[]>();
  for (const row of subtract(replica, source)) {
    const key = keyOf(table, row);
    extra.set(key, [...(extra.get(key) ?? []), row]);
  }
  const differences: Difference[] = [];
  for (const row of missing) {
    const other = table.key.length === 0 ? undefined : extra.get(keyOf(table, row))?.shift();
    if (other === undefined) differences.push(wholeRow('missing row', table, row));
    else differences.push(...differingValues(table, row, other));
  }
  for (const row of [...extra.values()].flat()) differences.push(wholeRow('extra row', table, row));
  return differences;
}

function subtract(from: readonly TextRow[], other: readonly TextRow[]): TextRow[] {
  const counts = new Map<string, number>();
  for (const row of other) {
    const text = JSON.stringify(row);
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return from.filter((row) => {
    const text = JSON.stringify(row);
    const count = counts.get(text) ?? 0;
    if (count > 0) counts.set(text, count - 1);
    return count === 0;
  });
}

function differingValues(table: ComparableTable, source: TextRow, replica: TextRow): Difference[] {
  return table.columns.flatMap((column, at) =>
    source[at] === replica[at]
      ? []
      : [
          {
            kind: 'value' as const,
            table: table.name,
            key: readableKey(table, source),
            column: column.name,
            source: readable(column.isHexText, source[at]),
            replica: readable(column.isHexText, replica[at]),
          },
        ],
  );
}

function wholeRow(
  kind: 'missing row' | 'extra row',
  table: ComparableTable,
  row: TextRow,
): Difference {
  const text = row.map((value, at) => readable(table.columns[at].isHexText, value)).join(', ');
  return {
    kind,
    table: table.name,
    key: readableKey(table, row),
    column: null,
    source: kind === 'missing row' ? text : null,
    replica: kind === 'extra row' ? text : null,
  };
}

function keyOf(table: ComparableTable, row: TextRow): string {
  return JSON.stringify(table.key.map((at) => row[at]));
}

function readableKey(table: ComparableTable, row: TextRow): string | null {
  if (table.key.length === 0) return null;
  return table.key.map((at) => readable(table.columns[at].isHexText, row[at])).join(', ');
}

/** Texts are compared as hex, and shown as texts. */
function readable(isHexText: boolean, value: string | null): string | null {
  if (value === null || !isHexText || !/^([0-9A-F]{2})*$/.test(value)) return value;
  return JSON.stringify(Buffer.from(value, 'hex').toString('utf8'));
}
