import { readTableStates, type TableState } from '../state/tables.js';
import { ReadOnlyReplica } from '../target/read-only.js';

/** The document of `status --json`. The service and CDC are told here once they exist. */
export interface Status {
  readonly service: null;
  readonly cdc: null;
  readonly tables: readonly TableState[];
}

export async function readStatus(path: string): Promise<Status> {
  using replica = await ReadOnlyReplica.open(path);
  const known = await replica.rows(
    `SELECT 1 FROM duckdb_tables() WHERE schema_name = '_ducktail' AND table_name = 'tables'`,
  );
  const tables = known.length === 0 ? [] : await readTableStates((sql) => replica.rows(sql));
  return { service: null, cdc: null, tables };
}
