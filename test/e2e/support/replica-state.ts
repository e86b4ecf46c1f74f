import { DuckDBInstance } from '@duckdb/node-api';
import { Replica } from '../../helpers/replica.js';

/** Runs statements on a replica that no other process has open. */
export async function changeReplica(path: string, ...statements: string[]): Promise<void> {
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  try {
    for (const statement of statements) await connection.run(statement);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** The names of all tables of a schema, staging tables too. */
export async function tableNames(path: string, schema = 'main'): Promise<string[]> {
  using replica = await Replica.open(path);
  const rows = await replica.texts(
    `SELECT table_name FROM duckdb_tables() WHERE schema_name = '${schema}' ORDER BY ALL`,
  );
  return rows.map(([name]) => name ?? '');
}

/** The first column of a query's only row, as text. */
export async function singleValue(path: string, sql: string): Promise<string | null> {
  using replica = await Replica.open(path);
  const rows = await replica.texts(`SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (${sql})`);
  if (rows.length !== 1) throw new Error(`${rows.length} rows from: ${sql}`);
  return rows[0][0];
}
