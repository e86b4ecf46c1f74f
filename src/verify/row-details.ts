import type { CanonicalColumn } from '../compare/canonical-form.js';
import type { ComparedTable } from '../compare/compared-table.js';
import type { Sides } from '../compare/narrow.js';
import { rowChecksum } from '../compare/row-checksum.js';
import type { SqlPair } from '../compare/sql-pair.js';

/** One row of one side, column by column. */
export interface RowDetails {
  readonly identity: string;
  readonly key: readonly string[];
  /** By column, in order. */
  readonly values: readonly { readonly checksum: string; readonly shown: string | null }[];
}

/** The rows of the given identities, which have to be few, on both sides. */
export async function rowDetails(
  { session, replica, table }: Sides,
  within: SqlPair,
  identities: readonly string[],
): Promise<{ readonly source: RowDetails[]; readonly replica: RowDetails[] }> {
  const [source, replicated] = await Promise.all([
    session.query<Record<string, unknown>>(detailQuery(table, 'source', within, identities)),
    replica.rows(detailQuery(table, 'replica', within, identities)),
  ]);
  const parse = (row: Record<string, unknown>): RowDetails => parseRow(table, row);
  return { source: source.map(parse), replica: replicated.map(parse) };
}

/** Aliases are numbered, for columns may have any name. */
function detailQuery(
  { columns, key, identity, from }: ComparedTable,
  side: keyof SqlPair,
  within: SqlPair,
  identities: readonly string[],
): string {
  const selected = [
    `${identity[side]} AS i`,
    ...key.map(({ shown }, at) => `${shown[side]} AS k${at}`),
    ...columns.flatMap((column, at) => [
      `${checksumOf(column)[side]} AS c${at}`,
      `${column.shown[side]} AS v${at}`,
    ]),
  ];
  return (
    `SELECT ${selected.join(', ')} FROM ${from[side]} ` +
    `WHERE ${within[side]} AND ${identity[side]} IN (${identities.join(', ')})`
  );
}

function checksumOf(column: CanonicalColumn): SqlPair {
  return rowChecksum([column]);
}

function parseRow({ columns, key }: ComparedTable, row: Record<string, unknown>): RowDetails {
  return {
    identity: String(row.i),
    key: key.map((_, at) => text(row[`k${at}`]) ?? 'NULL'),
    values: columns.map((_, at) => ({
      checksum: String(row[`c${at}`]),
      shown: text(row[`v${at}`]),
    })),
  };
}

function text(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
