import type { Finding } from '../model/finding.js';
import { planTable } from '../model/column-plan.js';
import type { MysqlEndpoint } from '../model/mysql-endpoint.js';
import { selectsTable } from '../model/table-filter.js';
import { readCatalog } from '../source/catalog.js';
import { openSession } from '../source/connect.js';
import { runPreflight } from '../source/preflight.js';
import type { TableSelection } from './plan.js';
import { watermarkFindings } from './watermark-findings.js';

/** `ducktail check`: what stands in the way of a sync, and what would be lost or slow. */
export async function check(
  endpoint: MysqlEndpoint,
  { filter, types, watermarks }: Omit<TableSelection, 'names' | 'database'>,
): Promise<Finding[]> {
  await using session = await openSession(endpoint);
  const catalog = await readCatalog(session, endpoint.database, watermarks);
  const tables = catalog.filter((table) => selectsTable(filter, table.name));
  const findings = await runPreflight(session, endpoint.database, tables);
  return [...findings, ...watermarkFindings(tables.map((table) => planTable(table, types)))];
}
