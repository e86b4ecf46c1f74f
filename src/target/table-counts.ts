import { isStagingTableName, quoteDuckdbName, quoteDuckdbText } from '../common/identifiers.js';

/** Runs SQL on a replica, however it is open. */
type Query = (sql: string) => Promise<Record<string, unknown>[]>;

export interface CountedTable {
  readonly schema: string;
  readonly name: string;
  readonly rows: number;
}

/** How many a statement counts: each is a part of its plan. */
const TABLES_AT_ONCE = 50;

/** Every table of the database that the query is on, and its rows; no staging tables. */
export async function countTables(query: Query): Promise<CountedTable[]> {
  const found = await query(
    `SELECT database_name, schema_name, table_name FROM duckdb_tables()
      WHERE database_name = current_database() AND NOT internal AND NOT temporary
      ORDER BY schema_name, table_name`,
  );
  const tables = found
    .map((row) => ({
      database: String(row.database_name),
      schema: String(row.schema_name),
      name: String(row.table_name),
    }))
    .filter(({ name }) => !isStagingTableName(name));
  const counted: CountedTable[] = [];
  for (let from = 0; from < tables.length; from += TABLES_AT_ONCE) {
    const some = tables.slice(from, from + TABLES_AT_ONCE);
    const counts = some.map(({ database, schema, name }, at) => {
      // In full: a schema may be called as the database is.
      const table = [database, schema, name].map(quoteDuckdbName).join('.');
      return `SELECT ${at} AS at, count(*) AS n FROM ${table}`;
    });
    const rows = await query(counts.join(' UNION ALL '));
    const byPlace = new Map(rows.map(({ at, n }) => [Number(at), Number(n)]));
    counted.push(
      ...some.map(({ schema, name }, at) => ({ schema, name, rows: byPlace.get(at) ?? NaN })),
    );
  }
  return counted;
}

/** The tables that the two have not alike, in words; empty where there are none. */
export function countDifferences(
  expected: readonly CountedTable[],
  found: readonly CountedTable[],
): string[] {
  const name = (table: CountedTable): string => quoteDuckdbText(`${table.schema}.${table.name}`);
  const rowsOf = new Map(found.map((table) => [name(table), table.rows]));
  const known = new Set(expected.map(name));
  return [
    ...expected.flatMap((table) => {
      const rows = rowsOf.get(name(table));
      if (rows === table.rows) return [];
      return [`${name(table)} has ${rows ?? 'no'} rows instead of ${table.rows}`];
    }),
    ...found
      .filter((table) => !known.has(name(table)))
      .map((table) => `${name(table)} is too many`),
  ];
}
