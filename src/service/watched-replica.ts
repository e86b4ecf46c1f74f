import { readQuarantines } from '../state/quarantine.js';
import { readTableStates, type RowQuery } from '../state/tables.js';
import type { Database } from '../target/database.js';
import { LiveReader } from '../target/live-reader.js';
import { readUsage } from '../target/usage.js';
import type { WatchedService, WatchedTable } from '../watch/watched-service.js';
import type { ServiceLife } from './service-life.js';

/** A service and its replica, for those who look at it. */
export function watchedReplica(
  database: Database,
  targetSchema: string,
  life: ServiceLife,
): WatchedService {
  return {
    status: () => ({ state: life.state, targetSchema, cdc: life.cdc }),
    tables: () => readTables(database, targetSchema),
    usage: () => readUsage(database),
  };
}

async function readTables(database: Database, targetSchema: string): Promise<WatchedTable[]> {
  return LiveReader.use(database, new AbortController().signal, async (reader) => {
    const query: RowQuery = (sql) => reader.rows(sql);
    const states = await readTableStates(query);
    const quarantines = await readQuarantines(query, targetSchema);
    return states.map((state) => ({ ...state, isQuarantined: quarantines.has(state.table) }));
  });
}
