import type { Finding } from '../model/finding.js';
import type { MysqlEndpoint } from '../model/mysql-endpoint.js';
import { selectsTable, type TableFilter } from '../model/table-filter.js';
import { readCatalog } from '../source/catalog.js';
import { openSession } from '../source/connect.js';
import { runPreflight } from '../source/preflight.js';

/** `ducktail check`: what stands in the way of a sync, and what would be lost or slow. */
export async function check(endpoint: MysqlEndpoint, filter: TableFilter): Promise<Finding[]> {
  await using session = await openSession(endpoint);
  const catalog = await readCatalog(session, endpoint.database);
  const tables = catalog.filter((table) => selectsTable(filter, table.name));
  return await runPreflight(session, endpoint.database, tables);
}
