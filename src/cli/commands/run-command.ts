import type { Config } from '../../../config/load.js';
import { describeEndpoint } from '../../../config/mysql-url.js';
import type { KeepHooks } from '../../keep/hooks.js';
import { CdcReplication } from '../../service/cdc-replication.js';
import { runService } from '../../service/daemon.js';
import type { ProcessMemory } from '../../model/process-memory.js';
import type { ReplicationFactory } from '../../service/replication.js';
import { ScheduledReplication } from '../../service/scheduled-replication.js';
import { cdcOptions, type StreamHooks } from '../cdc-settings.js';
import { createCliLogger, databaseOptions, sourceConfig } from '../context.js';
import { keepSettings } from '../keep-settings.js';
import { LogProgress } from '../log-progress.js';
import { EXIT_OK, printJson } from '../output.js';
import { processMemory } from '../process-memory.js';
import { preflight } from '../preflight.js';
import { stopSignal } from '../stop-signal.js';
import { type SyncInterceptor, syncTask } from '../sync-settings.js';
import { VERSION } from '../version.js';
import { verifyTask } from './verify-command.js';

/** A supervisor kills what has not ended some seconds after its SIGTERM. */
const STOP_DEADLINE_MS = 4000;
/** For what outlives the service itself, such as a connection that is never answered. */
const LINGER_MS = 200;

/** What tests put into the service. */
export interface RunHooks extends StreamHooks {
  /** Of backups, snapshots and compaction. */
  readonly keep?: KeepHooks;
  /** In place of what the process tells. */
  readonly memory?: Partial<ProcessMemory>;
}

export async function runRun(
  { json }: { readonly json: boolean },
  intercept: SyncInterceptor = (task) => task,
  hooks: RunHooks = {},
): Promise<number> {
  const config = sourceConfig();
  const replicate = chooseReplication(config, hooks);
  const logger = await createCliLogger(config);
  using stop = stopSignal();
  let isStopped = false;
  endAtDeadline(stop.signal, () => {
    if (isStopped) return;
    logger.warn('still busy: ending without waiting any longer');
    if (json) printJson({ clean: false });
  });
  logger.info(
    {
      version: VERSION,
      pid: process.pid,
      source: describeEndpoint(config.endpoint),
      replica: config.duckdbPath,
      mode: config.cdcEnabled ? 'cdc' : 'incremental',
      ...(config.cdcEnabled ? {} : { schedule: config.schedule }),
    },
    'ducktail runs',
  );
  const report = await runService({
    database: databaseOptions(config, 'ducktail run'),
    targetSchema: config.targetSchema,
    preflight: () => preflight(config),
    createSync: (order) => intercept(syncTask(config, order)),
    createVerify: (order) => verifyTask(config, order),
    replicate,
    keep: keepSettings(config),
    keepHooks: hooks.keep,
    http: { ...config.http, version: VERSION, duckdbPath: config.duckdbPath },
    memory: { ...processMemory(), ...hooks.memory },
    createReporter: () => new LogProgress(logger),
    logger,
    signal: stop.signal,
  });
  isStopped = true;
  logger.info({ seconds: report.seconds }, 'stopped');
  if (json) printJson({ clean: true, ...report });
  setTimeout(() => process.exit(EXIT_OK), LINGER_MS).unref();
  return EXIT_OK;
}

function chooseReplication(config: Config, hooks: StreamHooks): ReplicationFactory {
  const { cdcEnabled, schedule } = config;
  if (!cdcEnabled) return (means) => new ScheduledReplication(means, schedule);
  return (means) => new CdcReplication(means, cdcOptions(config, hooks));
}

/**
 * What is still busy then (a connection that is not answered, a long statement) is left: the replica
 * is as the last commit left it, and the next start clears the rest.
 */
function endAtDeadline(signal: AbortSignal, tell: () => void): void {
  signal.addEventListener(
    'abort',
    () => {
      const end = (): void => {
        tell();
        process.exit(EXIT_OK);
      };
      setTimeout(end, STOP_DEADLINE_MS).unref();
    },
    { once: true },
  );
}
