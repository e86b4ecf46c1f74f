import { isStagingTableName, quoteDuckdbName } from '../common/identifiers.js';
import type { ColumnPlan } from '../model/column-plan.js';
import type { Database } from './database.js';

export function qualifiedName(database: Database, schema: string, table: string): string {
  return [database.catalog, schema, table].map(quoteDuckdbName).join('.');
}

/** A type as column plans write it, of one as DuckDB's catalog does. */
export function planTypeName(catalogType: string): string {
  return catalogType === 'TIMESTAMP WITH TIME ZONE' ? 'TIMESTAMPTZ' : catalogType;
}

export async function createSchema(database: Database, schema: string): Promise<void> {
  const name = [database.catalog, schema].map(quoteDuckdbName).join('.');
  await database.run(`CREATE SCHEMA IF NOT EXISTS ${name}`);
}

/**
 * No PRIMARY KEY and no index: they would double the load time and live in memory. The columns at
 * the positions `fsst` are compressed with FSST, the others as DuckDB sees fit.
 */
export async function createTable(
  database: Database,
  schema: string,
  table: string,
  columns: readonly ColumnPlan[],
  fsst: ReadonlySet<number> = new Set(),
): Promise<void> {
  const list = columns.map(({ name, duckdbType }, at) => {
    const compression = fsst.has(at) && database.compressesFsst ? ' USING COMPRESSION fsst' : '';
    return `${quoteDuckdbName(name)} ${duckdbType}${compression}`;
  });
  await database.run(`CREATE TABLE ${qualifiedName(database, schema, table)} (${list.join(', ')})`);
}

export async function dropTable(database: Database, schema: string, table: string): Promise<void> {
  await database.run(`DROP TABLE IF EXISTS ${qualifiedName(database, schema, table)}`);
}

/** Within a transaction; a table that has the new name is dropped. */
export async function renameTable(
  database: Database,
  schema: string,
  from: string,
  to: string,
): Promise<void> {
  await dropTable(database, schema, to);
  const table = qualifiedName(database, schema, from);
  await database.run(`ALTER TABLE ${table} RENAME TO ${quoteDuckdbName(to)}`);
}

/** Within a transaction: `staging` takes the place and the name of `table`. Open readers keep theirs. */
export async function swapTable(
  database: Database,
  schema: string,
  staging: string,
  table: string,
): Promise<void> {
  const from = qualifiedName(database, schema, staging);
  if (await isBuiltInView(database, table)) {
    // A table may stand in front of a view of DuckDB's own, but none can be renamed to its name.
    if (await tableExists(database, schema, table)) await dropTable(database, schema, table);
    await database.run(`CREATE TABLE ${qualifiedName(database, schema, table)} AS FROM ${from}`);
    await dropTable(database, schema, staging);
    return;
  }
  await dropTable(database, schema, table);
  await database.run(`ALTER TABLE ${from} RENAME TO ${quoteDuckdbName(table)}`);
}

async function isBuiltInView(database: Database, name: string): Promise<boolean> {
  const rows = await database.rows(
    'SELECT 1 FROM duckdb_views() WHERE internal AND lower(view_name) = lower(?)',
    [name],
  );
  return rows.length > 0;
}

export async function tableExists(
  database: Database,
  schema: string,
  table: string,
): Promise<boolean> {
  const rows = await database.rows(
    `SELECT 1 FROM duckdb_tables() WHERE database_name = current_database()
        AND lower(schema_name) = lower(?) AND lower(table_name) = lower(?)`,
    [schema, table],
  );
  return rows.length > 0;
}

/** Drops what a crash left behind; returns the names. */
export async function dropOrphanedStagingTables(
  database: Database,
  schema: string,
): Promise<string[]> {
  const rows = await database.rows(
    `SELECT table_name FROM duckdb_tables() WHERE schema_name = ? AND NOT temporary
        AND database_name = current_database()`,
    [schema],
  );
  const orphans = rows.map((row) => String(row.table_name)).filter(isStagingTableName);
  for (const orphan of orphans) await dropTable(database, schema, orphan);
  return orphans;
}

/** Names of views in the schema: a table can't take such a name. */
export async function viewNames(database: Database, schema: string): Promise<string[]> {
  const rows = await database.rows(
    `SELECT view_name FROM duckdb_views() WHERE schema_name = ?
        AND database_name = current_database() AND NOT internal`,
    [schema],
  );
  return rows.map((row) => String(row.view_name));
}
