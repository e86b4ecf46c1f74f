import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { orAbandon } from '../common/abandon.js';
import { Backoff } from '../common/backoff.js';
import { errorMessage, hasCode } from '../common/errors.js';
import type { Logger } from '../common/logger.js';
import type { KeepHooks } from '../keep/hooks.js';
import type { Finding } from '../model/finding.js';
import type { ProcessMemory } from '../model/process-memory.js';
import { QueryGovernor } from '../http/query-governor.js';
import { describeFailure } from '../model/observers.js';
import type { TableState } from '../state/tables.js';
import { readTableStates } from '../state/tables.js';
import type { Database, DatabaseOptions } from '../target/database.js';
import { refuseIfHeld } from '../target/lock-file.js';
import { Watch } from '../watch/watch.js';
import { requireFit } from './check.js';
import { controlHandlers, type HandledService } from './control-handlers.js';
import { ControlServer } from './control-server.js';
import { controlPath } from './control-socket.js';
import type { KeepSettings } from './keep-settings.js';
import { Keeper } from './keeper.js';
import { exportFolder, httpPlugins, type ServedReplica } from './http-plugins.js';
import { HttpService, type HttpSettings } from './http-service.js';
import { type OpenedReplica, openReplica } from './replica.js';
import type { CdcStatus, Replication, ReplicationFactory } from './replication.js';
import { ServiceLife } from './service-life.js';
import type { ServiceStatus } from './status.js';
import { type JobFactories, replicaJobs } from './replica-jobs.js';
import { roundSeconds } from './sync-outcome.js';
import { watchedReplica } from './watched-replica.js';

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 30_000;
const OPEN_ATTEMPTS = 20;
const OPEN_DELAY_MS = 250;

export interface ServiceRequest extends JobFactories {
  readonly database: DatabaseOptions;
  readonly targetSchema: string;
  /** What stands in the way, asked before anything else. */
  readonly preflight: () => Promise<readonly Finding[]>;
  readonly replicate: ReplicationFactory;
  /** Snapshots, backups, compaction. */
  readonly keep: KeepSettings;
  readonly keepHooks?: KeepHooks | undefined;
  readonly http: HttpSettings;
  readonly memory: ProcessMemory;
  readonly logger: Logger;
}

type ServedMeans = Pick<HandledService, 'database' | 'replication' | 'watch'>;

/** How things stood when the service stopped. */
export interface ServiceReport {
  readonly seconds: number;
  readonly cdc: CdcStatus | null;
  readonly tables: readonly TableState[];
}

/**
 * `ducktail run`: has the replica open, keeps it up to date and answers clients, until the signal
 * aborts. A source that does not answer is waited for; what only the operator can mend ends it.
 */
export async function runService(request: ServiceRequest): Promise<ServiceReport> {
  const startedAt = performance.now();
  const { logger } = request;
  await refuseIfHeld(request.database.path);
  // A wrong URL must not leave a new file behind.
  const isFit = await passPreflight(request);
  const { database: opened, orphans } = await openWhenFree(request);
  await using database = opened;
  if (orphans.length > 0) logger.info(`dropped ${orphans.length} staging table(s) of a crash`);
  const life = new ServiceLife(request.signal, !isFit);
  using watch = await openWatch(database, life, request);
  const watched = watchedRequest(request, watch);
  const replication = createReplication(database, watched);
  life.replication = replication;
  await serve({ database, replication, watch }, life, watched);
  return {
    seconds: roundSeconds((performance.now() - startedAt) / 1000),
    cdc: replication.status(),
    tables: await readTableStates((sql) => database.rows(sql)),
  };
}

/** A query or a status may be reading the file for a moment; a command that writes to it has a lock. */
async function openWhenFree({
  database,
  targetSchema,
  signal,
}: ServiceRequest): Promise<OpenedReplica> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await openReplica(database, targetSchema);
    } catch (error) {
      const isBusy = hasCode(error, 'target-busy');
      if (!isBusy || attempt === OPEN_ATTEMPTS || signal.aborted) throw error;
      await refuseIfHeld(database.path);
      await delay(OPEN_DELAY_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** Replicates and answers until the signal aborts; nobody has the database any more when it resolves. */
async function serve(
  means: ServedMeans,
  life: ServiceLife,
  request: ServiceRequest,
): Promise<void> {
  const { signal, logger, createReporter, targetSchema, http } = request;
  const { database, replication, watch } = means;
  const keeper = createKeeper(means, request);
  const ended = new AbortController();
  const keeping = keeper.run(AbortSignal.any([signal, ended.signal]));
  try {
    await using governor = new QueryGovernor(http.queries, {
      database,
      memory: request.memory,
      logger,
      observer: watch?.queries ?? null,
      isReplicationBehind: () => !life.isWaiting && replication.isBehind,
    });
    const state = (): ServiceStatus['state'] => life.state;
    const service = { ...means, keeper, targetSchema, logger, governor, createReporter, state };
    await using _control = await openControl(service);
    await using _http = await openHttp(service, request);
    if (life.isWaiting) {
      await waitForSource(request);
      life.isWaiting = false;
    }
    if (!signal.aborted) await replication.run(signal);
    logger.info('stopping');
  } finally {
    ended.abort();
    await keeping;
  }
}

function createKeeper(
  { database, replication, watch }: ServedMeans,
  { keep: settings, logger, signal: stopping, keepHooks: hooks }: ServiceRequest,
): Keeper {
  const observer = watch?.keeping;
  return new Keeper({ database, replication, settings, logger, stopping, observer, hooks });
}

function createReplication(database: Database, request: ServiceRequest): Replication {
  const { createReporter, logger, observer } = request;
  const jobs = replicaJobs(database, request);
  return request.replicate({ database, jobs, logger, observer, createReporter });
}

/** Without an HTTP server nobody could look. */
async function openWatch(
  database: Database,
  life: ServiceLife,
  { http, targetSchema, signal }: ServiceRequest,
): Promise<Watch | null> {
  if (!http.enabled) return null;
  const watch = await Watch.open(watchedReplica(database, targetSchema, life));
  // Who is told of events hears of a clean end.
  signal.addEventListener('abort', () => watch[Symbol.dispose](), { once: true });
  return watch;
}

/** The same with everything that is done told to those who watch. */
function watchedRequest(request: ServiceRequest, watch: Watch | null): ServiceRequest {
  if (watch === null) return request;
  return {
    ...request,
    observer: watch.observer,
    createReporter: () => watch.reporter(request.createReporter()),
  };
}

/** A file system without sockets leaves the service without clients, not the replica without changes. */
async function openControl(service: HandledService): Promise<ControlServer | null> {
  const { database, logger } = service;
  const path = controlPath(database.path);
  const handlers = controlHandlers(service);
  const onDefect = (error: Error): void => {
    logger.error({ stack: error.stack }, `a client's call failed: ${error.message}`);
  };
  try {
    const control = await ControlServer.open({ path, handlers, onDefect });
    logger.info({ socket: path }, 'status, query, sync, verify, backup and compact are answered');
    return control;
  } catch (error) {
    logger.warn(
      `no control socket at ${path}, so other commands can't reach it: ${errorMessage(error)}`,
    );
    return null;
  }
}

async function openHttp(
  service: ServedReplica,
  { http, logger }: ServiceRequest,
): Promise<HttpService | null> {
  if (!http.enabled) return null;
  const exports = exportFolder(service.database.path);
  await rm(exports, { recursive: true, force: true });
  await service.database.denyFiles([exports, ...http.exportFolders]);
  return HttpService.open(http, await httpPlugins(service, http), logger);
}

/** False where the source does not answer in time; throws where it can't be replicated. */
async function passPreflight({
  preflight,
  logger,
  observer,
  signal,
}: ServiceRequest): Promise<boolean> {
  let findings: readonly Finding[];
  try {
    // A server that accepts connections and says nothing holds one up for ten seconds.
    findings = await orAbandon(preflight(), signal);
  } catch (error) {
    if (signal.aborted) return false;
    if (!hasCode(error, 'source-unavailable')) throw error;
    observer?.failed(describeFailure(error));
    logger.warn({ hint: error.hint }, `${error.message}; waiting for it`);
    return false;
  }
  for (const { level, what, remedy } of findings) {
    if (level === 'warning') logger.warn({ remedy }, what);
  }
  requireFit(findings);
  return true;
}

/** Resolves when the source can be replicated, or when the service is stopped. */
async function waitForSource(request: ServiceRequest): Promise<void> {
  const { signal, logger } = request;
  const backoff = new Backoff(FIRST_RETRY_MS, LONGEST_RETRY_MS);
  for (;;) {
    await delay(backoff.nextMs(), undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    if (await passPreflight(request)) {
      logger.info('the source answers');
      return;
    }
  }
}
