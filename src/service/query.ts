import { type QueryResult, ReadOnlyReplica } from '../target/read-only.js';

/** Runs SQL on the replica's file, which is opened read-only for it. */
export async function queryReplica(path: string, sql: string): Promise<QueryResult> {
  using replica = await ReadOnlyReplica.open(path);
  return await replica.query(sql);
}
