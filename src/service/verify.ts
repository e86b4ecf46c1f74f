import { openComparingSession } from '../compare/comparing-session.js';
import type { ReplicaRows } from '../compare/digests.js';
import { DucktailError, toError } from '../common/errors.js';
import { quoteDuckdbName, quoteDuckdbText } from '../common/identifiers.js';
import type { TablePlan } from '../model/column-plan.js';
import type { MysqlEndpoint } from '../model/mysql-endpoint.js';
import { openSession, type SourceSession } from '../source/connect.js';
import { ReaderPool } from '../source/reader-pool.js';
import { type DatabaseOptions, mostMemoryText } from '../target/database.js';
import { ReadOnlyReplica } from '../target/read-only.js';
import { Repairer } from '../verify/repairer.js';
import { verifyTable, type VerifiedRows } from '../verify/table-verifier.js';
import type { VerifyContext } from '../verify/verify-context.js';
import { isEqual, type TableVerification, type VerifyResult } from '../verify/verify-result.js';
import { type SelectedTables, selectTables, type TableSelection } from './plan.js';
import { openReplica } from './replica.js';
import { Resources } from './resources.js';
import { roundSeconds } from './sync-outcome.js';

export interface VerifyRequest {
  readonly endpoint: MysqlEndpoint;
  readonly database: DatabaseOptions;
  readonly targetSchema: string;
  readonly selection: TableSelection;
  readonly repair: boolean;
  /** For rows that are read again. */
  readonly batchRows: number;
  readonly windowBytes: number;
  readonly reporter: VerifyReporter;
  readonly signal: AbortSignal;
}

/** Told what happens during a verification. */
export interface VerifyReporter {
  tableStarted(table: string): void;
  tableVerified(result: TableVerification): void;
}

/** Connections on which the source computes checksums at the same time. */
const SESSIONS = 2;

/** `ducktail verify`: compares the selected tables by value, one after the other. */
export async function verify(request: VerifyRequest): Promise<VerifyResult> {
  const startedAt = performance.now();
  const selected = await selectAll(request);
  await using resources = new Resources();
  const context = await openContext(request, resources);
  const tables: TableVerification[] = [];
  for (const { plan, error } of selected.refused) {
    tables.push(failedTable(plan, error, 0));
  }
  for (const plan of selected.plans) tables.push(await verifyOne(plan, context, request));
  return {
    tables: tables.sort((a, b) => (a.table < b.table ? -1 : 1)),
    equal: tables.every(isEqual),
    seconds: roundSeconds((performance.now() - startedAt) / 1000),
  };
}

async function selectAll({ endpoint, selection }: VerifyRequest): Promise<SelectedTables> {
  await using session = await openSession(endpoint);
  return await selectTables(session, selection);
}

async function openContext(request: VerifyRequest, resources: Resources): Promise<VerifyContext> {
  const { endpoint, targetSchema, repair, signal } = request;
  const { replica, repairer } = repair
    ? await openForRepair(request, resources)
    : { replica: resources.use(await openForReading(request)), repairer: null };
  const sessions: SourceSession[] = [];
  for (let at = 0; at < SESSIONS; at++) {
    sessions.push(resources.use(await openComparingSession(endpoint)));
  }
  // A checksum may take minutes, and the server has no other way to hear of a stop.
  const stop = (): void => {
    for (const session of sessions) session.destroy();
  };
  signal.addEventListener('abort', stop, { once: true });
  resources.use({
    [Symbol.dispose]: () => {
      signal.removeEventListener('abort', stop);
    },
  });
  const [{ catalog }] = await replica.rows('SELECT current_database() AS catalog');
  return {
    sessions,
    replica,
    targetSchema,
    qualify: (table) => [String(catalog), targetSchema, table].map(quoteDuckdbName).join('.'),
    repairer,
    signal,
  };
}

async function openForReading({ database }: VerifyRequest): Promise<ReadOnlyReplica> {
  const replica = await ReadOnlyReplica.open(database.path);
  await replica.rows(`SET memory_limit = ${quoteDuckdbText(database.memoryLimit)}`);
  if (database.threads !== null) await replica.rows(`SET threads = ${database.threads}`);
  await replica.rows(`SET TimeZone = 'UTC'`);
  return replica;
}

async function openForRepair(
  { endpoint, database: options, targetSchema, batchRows, windowBytes }: VerifyRequest,
  resources: Resources,
): Promise<{ replica: ReplicaRows; repairer: Repairer }> {
  const { database } = await openReplica(options, targetSchema);
  resources.use(database);
  const pool = resources.use(await ReaderPool.open({ endpoint, count: 1, windowBytes }));
  const [reader] = pool.readers;
  const repairer = await Repairer.open({ database, targetSchema, reader, batchRows });
  return { replica: database, repairer: resources.use(repairer) };
}

async function verifyOne(
  plan: TablePlan,
  context: VerifyContext,
  { reporter, signal, database }: VerifyRequest,
): Promise<TableVerification> {
  const startedAt = performance.now();
  const seconds = (): number => roundSeconds((performance.now() - startedAt) / 1000);
  reporter.tableStarted(plan.schema.name);
  let result: TableVerification;
  try {
    const verified = await withMemory(context, database, () => verifyTable(plan, context));
    result = { table: plan.schema.name, ...verified, seconds: seconds(), error: null };
  } catch (thrown) {
    signal.throwIfAborted();
    const error = toError(thrown);
    if (!(error instanceof DucktailError) || !isOfTable(error)) throw error;
    result = failedTable(plan, error, seconds());
  }
  reporter.tableVerified(result);
  return result;
}

/** Values of many megabytes take more than the limit: then once more with all that there is. */
async function withMemory<T>(
  { replica }: VerifyContext,
  { memoryLimit }: DatabaseOptions,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DucktailError) || error.code !== 'target-memory') throw error;
    await replica.rows(`SET memory_limit = '${mostMemoryText()}'`);
    const result = await work();
    await replica.rows(`SET memory_limit = ${quoteDuckdbText(memoryLimit)}`);
    return result;
  }
}

/** Whether the other tables can be compared all the same. */
function isOfTable({ code }: DucktailError): boolean {
  return ['table-changed', 'table-failed', 'needs-full-sync', 'query-failed'].includes(code);
}

const NOTHING_COMPARED: VerifiedRows = {
  rows: 0,
  ranges: 0,
  differingRanges: 0,
  differingRows: 0,
  missing: 0,
  extra: 0,
  changed: 0,
  examples: [],
  repaired: 0,
  settled: true,
};

function failedTable(plan: TablePlan, failure: DucktailError, seconds: number): TableVerification {
  const { code, message, hint = null } = failure;
  const error = { code, message, hint };
  return { table: plan.schema.name, ...NOTHING_COMPARED, seconds, error };
}
