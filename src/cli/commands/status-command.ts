import { readStatus, type Status } from '../../service/status.js';
import { replicaConfig } from '../context.js';
import { EXIT_OK, formatNumber, printJson, printLine, printTable } from '../output.js';
import { findService } from '../running-service.js';

export async function runStatus({ json }: { readonly json: boolean }): Promise<number> {
  const status = await findStatus();
  if (json) {
    printJson(status);
    return EXIT_OK;
  }
  const { service, cdc, tables } = status;
  if (service !== null) printLine(`Service: ${service.state} (pid ${service.pid})`);
  if (cdc !== null) printLine(cdcLine(cdc));
  if (tables.length === 0) {
    printLine('No table has been synced yet.');
    return EXIT_OK;
  }
  await printTable(
    ['table', 'mode', 'rows', 'last sync', 'watermark', 'rejected', 'error'],
    tables.map((table) => [
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

async function findStatus(): Promise<Status> {
  using service = await findService();
  if (service === null) {
    const { duckdbPath, targetSchema } = replicaConfig();
    return await readStatus(duckdbPath, targetSchema);
  }
  return await service.client.call<'status'>({ call: 'status' }, () => undefined);
}

function cdcLine({
  state,
  checkpoint,
  sourceTime,
  lagSeconds,
  endedQueries,
}: NonNullable<Status['cdc']>): string {
  const at = checkpoint === null ? '' : ` at ${checkpoint.file}:${checkpoint.position}`;
  const time = sourceTime === null ? '' : `, the source's state of ${sourceTime}`;
  const lag = lagSeconds === null ? '' : `, ${lagSeconds.toFixed(1)} s behind`;
  const ended = endedQueries === 0 ? '' : `, ${endedQueries} long queries ended (see the log)`;
  return `CDC: ${state}${at}${time}${lag}${ended}`;
}
