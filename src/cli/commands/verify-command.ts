import type { Logger } from '../../common/logger.js';
import type { VerifyEvent } from '../../service/control-protocol.js';
import type { VerifyOrder } from '../../service/replication.js';
import { verify, type VerifyReporter, type VerifyTask } from '../../service/verify.js';
import {
  type DifferenceExample,
  isEqual,
  type TableVerification,
  type VerifyResult,
} from '../../verify/verify-result.js';
import type { Config } from '../../../config/load.js';
import { createCliLogger, databaseOptions, sourceConfig } from '../context.js';
import { EXIT_FAILED, EXIT_OK, formatNumber, printJson, printLine, printTable } from '../output.js';
import { findService, type RunningService } from '../running-service.js';
import { stopSignal } from '../stop-signal.js';
import { tableSelection } from '../sync-settings.js';

/** Bounds what is in memory between MySQL and DuckDB while rows are read again. */
const WINDOW_BYTES = 8 * 1024 * 1024;

export interface VerifyArguments {
  readonly tables: readonly string[];
  readonly repair: boolean;
  readonly json: boolean;
}

export async function runVerify({ tables, repair, json }: VerifyArguments): Promise<number> {
  using service = await findService();
  const result =
    service === null
      ? await verifyFile(tables, repair)
      : await verifyThere(service, tables, repair);
  if (json) printJson(result);
  else await printResult(result, repair);
  return result.equal ? EXIT_OK : EXIT_FAILED;
}

async function verifyFile(tables: readonly string[], repair: boolean): Promise<VerifyResult> {
  const config = sourceConfig();
  const reporter = verifyReporter(await createCliLogger(config));
  using stop = stopSignal();
  const order = { tables, repair, reporter, signal: stop.signal };
  const database = databaseOptions(config, 'ducktail verify');
  return await verify({ ...verifyTask(config, order), database });
}

async function verifyThere(
  { client, config }: RunningService,
  tables: readonly string[],
  repair: boolean,
): Promise<VerifyResult> {
  const reporter = verifyReporter(await createCliLogger(config));
  using stop = stopSignal();
  const tell = (event: VerifyEvent): void => {
    if ('started' in event) reporter.tableStarted(event.started);
    else reporter.tableVerified(event.verified);
  };
  const request = { call: 'verify', tables, repair } as const;
  return await client.call<'verify'>(request, tell, stop.signal);
}

/** An order as the configuration has it carried out. */
export function verifyTask(config: Config, order: VerifyOrder): VerifyTask {
  const { tables, ...rest } = order;
  return {
    ...rest,
    endpoint: config.endpoint,
    targetSchema: config.targetSchema,
    selection: tableSelection(config, tables),
    batchRows: config.batchRows,
    windowBytes: WINDOW_BYTES,
  };
}

function verifyReporter(logger: Logger): VerifyReporter {
  return {
    tableStarted(table) {
      logger.debug({ table }, `${table}: comparing`);
    },
    tableVerified(result) {
      const { table, rows, ranges, differingRows, repaired, seconds, error } = result;
      if (error !== null) logger.error({ table, hint: error.hint }, `${table}: ${error.message}`);
      else logger.info({ table, rows, ranges, differingRows, repaired, seconds }, describe(result));
    },
  };
}

function describe(result: TableVerification): string {
  const { table, differingRows, repaired } = result;
  if (differingRows === 0) return `${table}: equal`;
  const differ = `${table}: ${formatNumber(differingRows)} rows differ`;
  return repaired === 0 ? differ : `${differ}, ${formatNumber(repaired)} repaired`;
}

async function printResult(
  { tables, equal, seconds }: VerifyResult,
  repair: boolean,
): Promise<void> {
  if (tables.length === 0) {
    printLine(
      'No tables to compare: the database has none that INCLUDE_TABLES and EXCLUDE_TABLES leave.',
    );
    return;
  }
  await printTable(
    ['table', 'rows', 'ranges', 'differ', 'missing', 'extra', 'changed', 'repaired', 'result'],
    tables.map((table) => [
      table.table,
      ...[
        table.rows,
        table.ranges,
        table.differingRanges,
        table.missing,
        table.extra,
        table.changed,
        table.repaired,
      ].map(formatNumber),
      verdict(table),
    ]),
  );
  for (const table of tables) printExamples(table);
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  const differing = tables.filter((table) => !isEqual(table)).length;
  const outcome = differing === 1 ? '1 table differs' : `${differing} tables differ`;
  printLine(
    `${formatNumber(rows)} rows in ${tables.length} table(s) compared in ${seconds.toFixed(1)} s: ` +
      (equal ? 'equal' : outcome),
  );
  const canRepair = tables.some((table) => table.error === null && !isEqual(table));
  if (canRepair && !repair)
    printLine('`ducktail verify --repair` reads the rows that differ again.');
}

function verdict(table: TableVerification): string {
  if (table.error !== null) return table.error.message.split('\n')[0];
  if (table.differingRows === 0) return 'equal';
  if (isEqual(table)) return 'repaired';
  return table.settled ? 'differs' : 'differs; the source kept changing';
}

function printExamples({ table, examples, differingRows, error }: TableVerification): void {
  const hint = error?.hint ?? null;
  if (hint !== null) printLine(`${table}: ${hint}`);
  if (examples.length === 0) return;
  printLine(`${table}: ${formatNumber(differingRows)} rows differ, among them`);
  for (const example of examples) printLine(`  ${exampleLine(example)}`);
}

function exampleLine({ kind, key, column, source, replica }: DifferenceExample): string {
  const row = key === null ? 'a row' : `key ${key.join(', ')}`;
  switch (kind) {
    case 'missing':
      return `${row}: not in the replica (${source ?? ''})`;
    case 'extra':
      return `${row}: not in the source (${replica ?? ''})`;
    case 'changed':
      return `${row}, ${column ?? ''}: ${valueText(source)} in the source, ${valueText(replica)} in the replica`;
  }
}

function valueText(value: string | null): string {
  return value === null ? 'NULL' : `'${value}'`;
}
