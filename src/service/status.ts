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
  const tables = await readTableStates((sql) => replica.rows(sql));
  return { service: null, cdc: null, tables };
}
