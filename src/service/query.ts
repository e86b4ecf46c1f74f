import { existsSync } from 'node:fs';
import type { RowQuery } from '../state/tables.js';
import { type QueryResult, ReadOnlyReplica } from '../target/read-only.js';

/** Runs SQL on the replica's file, which is opened read-only for it. */
export async function queryReplica(path: string, sql: string): Promise<QueryResult> {
  using replica = await ReadOnlyReplica.open(path);
  return await replica.query(sql);
}

/** Reads the replica's file, opened for each statement; null where there is none. */
export function replicaRows(path: string): RowQuery | null {
  if (!existsSync(path)) return null;
  return async (sql) => {
    using replica = await ReadOnlyReplica.open(path);
    return await replica.rows(sql);
  };
}
