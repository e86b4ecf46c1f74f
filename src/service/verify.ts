import { openComparingSession } from '../compare/comparing-session.js';
import type { ReplicaRows } from '../compare/digests.js';
import { DucktailError, hasCode, toError } from '../common/errors.js';
import { quoteDuckdbName } from '../common/identifiers.js';
import type { TablePlan } from '../model/column-plan.js';
import type { MysqlEndpoint } from '../model/mysql-endpoint.js';
import type { SourceSession } from '../source/connect.js';
import { ReaderPool } from '../source/reader-pool.js';
import type { Database, DatabaseOptions } from '../target/database.js';
import { rowsBesideWriter } from '../target/live-query.js';
import { ReadOnlyReplica } from '../target/read-only.js';
import { Repairer } from '../verify/repairer.js';
import { verifyTable, type VerifiedRows } from '../verify/table-verifier.js';
import type { StreamedReplica, VerifyContext } from '../verify/verify-context.js';
import { isEqual, type TableVerification, type VerifyResult } from '../verify/verify-result.js';
import { type ComparedStream, streamedReplica } from './compared-stream.js';
import { readSelectedTables, type SelectedTables, type TableSelection } from './plan.js';
import { openReplica } from './replica.js';
import { Resources } from './resources.js';
import { roundSeconds } from './sync-outcome.js';

/** What a verification does, wherever its replica is open. */
export interface VerifyTask {
  readonly endpoint: MysqlEndpoint;
  readonly targetSchema: string;
  readonly selection: TableSelection;
  readonly repair: boolean;
  /** For rows that are read again. */
  readonly batchRows: number;
  readonly windowBytes: number;
  readonly reporter: VerifyReporter;
  readonly signal: AbortSignal;
}

export interface VerifyRequest extends VerifyTask {
  readonly database: DatabaseOptions;
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
  const selected = await readSelectedTables(request);
  await using resources = new Resources();
  const access = request.repair
    ? await openForRepair(request, resources)
    : readAccess(resources.use(await openForReading(request)));
  return await verifySelected(selected, access, request, resources, startedAt);
}

/**
 * The same on a replica that is open already. Without a stream its writer is this verification's alone
 * meanwhile.
 */
export async function verifyOn(
  database: Database,
  task: VerifyTask,
  stream?: ComparedStream,
): Promise<VerifyResult> {
  if (stream !== undefined) return verifyBeside(stream, database, task);
  const startedAt = performance.now();
  const selected = await readSelectedTables(task);
  await using resources = new Resources();
  const interrupt = (): void => {
    database.interrupt();
  };
  task.signal.throwIfAborted();
  task.signal.addEventListener('abort', interrupt, { once: true });
  resources.use({
    [Symbol.dispose]: () => {
      task.signal.removeEventListener('abort', interrupt);
    },
  });
  const repairer = task.repair ? await openRepairer(database, task, resources) : null;
  return await verifySelected(
    selected,
    { ...readAccess(database), repairer },
    task,
    resources,
    startedAt,
  );
}

/** Reads beside the writer, which is left to the stream. */
async function verifyBeside(
  stream: ComparedStream,
  database: Database,
  task: VerifyTask,
): Promise<VerifyResult> {
  const startedAt = performance.now();
  const { signal } = task;
  const selected = await readSelectedTables(task);
  await using resources = new Resources();
  const replica: ReplicaRows = { rows: (sql) => rowsBesideWriter(database, sql, signal) };
  const access: ReplicaAccess = {
    replica,
    memory: database,
    repairer: null,
    stream: streamedReplica(stream, database, task),
  };
  return await verifySelected(selected, access, task, resources, startedAt);
}

async function verifySelected(
  selected: SelectedTables,
  access: ReplicaAccess,
  request: VerifyTask,
  resources: Resources,
  startedAt: number,
): Promise<VerifyResult> {
  const context = await openContext(request, access, resources);
  const tables: TableVerification[] = [];
  for (const { plan, error } of selected.refused) {
    tables.push(failedTable(plan, error, 0));
  }
  for (const plan of selected.plans) {
    const verifyRows = (): Promise<VerifiedRows> => verifyTable(plan, context);
    tables.push(await verifyOne(plan, () => withMemory(access.memory, verifyRows), request));
  }
  return {
    tables: tables.sort((a, b) => (a.table < b.table ? -1 : 1)),
    equal: tables.every(isEqual),
    seconds: roundSeconds((performance.now() - startedAt) / 1000),
  };
}

/** The replica for comparing, and what repairs it; null where nothing is to be repaired. */
interface ReplicaAccess {
  readonly replica: ReplicaRows;
  readonly memory: MemoryOwner;
  readonly repairer: Repairer | null;
  readonly stream: StreamedReplica | null;
}

/** Whoever may give DuckDB more memory. */
interface MemoryOwner {
  withAllMemory<T>(work: () => Promise<T>): Promise<T>;
}

function readAccess(replica: ReplicaRows & MemoryOwner): ReplicaAccess {
  return { replica, memory: replica, repairer: null, stream: null };
}

async function openContext(
  { endpoint, targetSchema, signal }: VerifyTask,
  { replica, repairer, stream }: ReplicaAccess,
  resources: Resources,
): Promise<VerifyContext> {
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
    stream,
    signal,
  };
}

async function openForReading({ database }: VerifyRequest): Promise<ReadOnlyReplica> {
  const replica = await ReadOnlyReplica.open(database.path, {
    memory_limit: database.memoryLimit,
    ...(database.threads === null ? {} : { threads: String(database.threads) }),
  });
  await replica.rows(`SET TimeZone = 'UTC'`);
  return replica;
}

async function openForRepair(request: VerifyRequest, resources: Resources): Promise<ReplicaAccess> {
  const { database } = await openReplica(request.database, request.targetSchema);
  resources.use(database);
  return { ...readAccess(database), repairer: await openRepairer(database, request, resources) };
}

async function openRepairer(
  database: Database,
  { endpoint, targetSchema, batchRows, windowBytes }: VerifyTask,
  resources: Resources,
): Promise<Repairer> {
  const pool = resources.use(await ReaderPool.open({ endpoint, count: 1, windowBytes }));
  const [reader] = pool.readers;
  const repairer = await Repairer.open({ database, targetSchema, reader, batchRows });
  return resources.use(repairer);
}

async function verifyOne(
  plan: TablePlan,
  verifyRows: () => Promise<VerifiedRows>,
  { reporter, signal }: VerifyTask,
): Promise<TableVerification> {
  const startedAt = performance.now();
  const seconds = (): number => roundSeconds((performance.now() - startedAt) / 1000);
  reporter.tableStarted(plan.schema.name);
  let result: TableVerification;
  try {
    result = { table: plan.schema.name, ...(await verifyRows()), seconds: seconds(), error: null };
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
async function withMemory<T>(memory: MemoryOwner, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!hasCode(error, 'target-memory')) throw error;
    return memory.withAllMemory(work);
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
