import { DucktailError } from '../common/errors.js';
import type { Finding } from '../model/finding.js';
import { planTable } from '../model/column-plan.js';
import type { MysqlEndpoint } from '../model/mysql-endpoint.js';
import { selectsTable } from '../model/table-filter.js';
import { readCatalog } from '../source/catalog.js';
import { openSession } from '../source/connect.js';
import { runPreflight } from '../source/preflight.js';
import type { TableSelection } from './plan.js';
import { watermarkFindings } from './watermark-findings.js';

type CheckOptions = Omit<TableSelection, 'names' | 'database'> & {
  /** Whether the service is to follow the binlog; else what stands against it is only told. */
  readonly cdc: boolean;
};

/** `ducktail check`: what stands in the way of a sync or of CDC, and what would be lost or slow. */
export async function check(
  endpoint: MysqlEndpoint,
  { filter, types, watermarks, cdc }: CheckOptions,
): Promise<Finding[]> {
  await using session = await openSession(endpoint);
  const catalog = await readCatalog(session, endpoint.database, watermarks);
  const tables = catalog.filter((table) => selectsTable(filter, table.name));
  const findings = await runPreflight(session, endpoint.database, tables, { cdc });
  return [...findings, ...watermarkFindings(tables.map((table) => planTable(table, types)))];
}

/** Throws where something stands in the way, with all that would mend it. */
export function requireFit(findings: readonly Finding[]): void {
  const blockers = findings.filter(({ level }) => level === 'blocker');
  if (blockers.length === 0) return;
  throw new DucktailError('source-unsuitable', blockers.map(({ what }) => what).join('; '), {
    hint: blockers.flatMap(({ remedy }) => remedy ?? []).join('\n  '),
  });
}
