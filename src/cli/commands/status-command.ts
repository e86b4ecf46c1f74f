import { readStatus } from '../../service/status.js';
import { replicaConfig } from '../context.js';
import { EXIT_OK, formatNumber, printJson, printLine, printTable } from '../output.js';

export async function runStatus({ json }: { readonly json: boolean }): Promise<number> {
  const status = await readStatus(replicaConfig().duckdbPath);
  if (json) {
    printJson(status);
    return EXIT_OK;
  }
  if (status.tables.length === 0) {
    printLine('No table has been synced yet.');
    return EXIT_OK;
  }
  await printTable(
    ['table', 'mode', 'rows', 'last sync', 'watermark', 'rejected', 'error'],
    status.tables.map((table) => [
      table.table,
      table.mode,
      formatNumber(table.rows),
      table.lastSync ?? '–',
      table.watermark ?? '–',
      formatNumber(table.rejectedValues),
      table.error ?? '',
    ]),
  );
  return EXIT_OK;
}
