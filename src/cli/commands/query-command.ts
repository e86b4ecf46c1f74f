import { queryReplica } from '../../service/query.js';
import type { QueryResult } from '../../target/read-only.js';
import { replicaConfig } from '../context.js';
import { EXIT_OK, formatNumber, printJson, printLine, printTable } from '../output.js';
import { findService } from '../running-service.js';

export async function runQuery(sql: string, { json }: { readonly json: boolean }): Promise<number> {
  const { columns, rows } = await query(sql);
  if (json) {
    printJson({ columns, rows });
    return EXIT_OK;
  }
  await printTable(
    columns.map(({ name }) => name),
    rows.map((row) => row.map(cellText)),
  );
  printLine(`${formatNumber(rows.length)} row${rows.length === 1 ? '' : 's'}`);
  return EXIT_OK;
}

/** Ctrl-C ends this process, and with its connection the service's query. */
async function query(sql: string): Promise<QueryResult> {
  using service = await findService();
  if (service !== null) return await service.client.query(sql);
  return await queryReplica(replicaConfig().duckdbPath, sql);
}

function cellText(value: unknown): string {
  if (value === null) return 'NULL';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
