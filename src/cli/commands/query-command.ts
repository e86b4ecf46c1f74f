import { queryReplica } from '../../service/query.js';
import { replicaConfig } from '../context.js';
import { EXIT_OK, formatNumber, printJson, printLine, printTable } from '../output.js';

export async function runQuery(sql: string, { json }: { readonly json: boolean }): Promise<number> {
  const { columns, rows } = await queryReplica(replicaConfig().duckdbPath, sql);
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

function cellText(value: unknown): string {
  if (value === null) return 'NULL';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
