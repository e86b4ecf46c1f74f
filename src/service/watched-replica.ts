import { readQuarantines } from '../state/quarantine.js';
import { readTableStates, type RowQuery } from '../state/tables.js';
import type { Database } from '../target/database.js';
import { rowsBesideWriter } from '../target/live-query.js';
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
    status: () => ({ state: life.state, cdc: life.cdc }),
    tables: () => readTables(database, targetSchema),
    usage: () => readUsage(database),
  };
}

async function readTables(database: Database, targetSchema: string): Promise<WatchedTable[]> {
  const query: RowQuery = (sql) => rowsBesideWriter(database, sql);
  const states = await readTableStates(query);
  const quarantines = await readQuarantines(query, targetSchema);
  const known = new Set(states.map(({ table }) => table));
  const never = { rows: 0, lastSync: null, watermark: null, rejectedValues: 0 };
  return [
    ...states.map((state) => ({ ...state, isQuarantined: quarantines.has(state.table) })),
    // Those that never had a copy.
    ...[...quarantines]
      .filter(([table]) => !known.has(table))
      .map(([table, { reason }]) => ({
        ...{ table, mode: 'none', ...never, isQuarantined: true },
        error: `in quarantine: ${reason}`,
      })),
  ];
}
