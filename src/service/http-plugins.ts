import type { HttpPlugin } from '../http/http-server.js';
import { type HandledService, serviceStatus } from './control-handlers.js';
import { findLacks, healthCheck } from './health.js';
import type { HttpSettings } from './http-service.js';

/** Results that are sent as files; the service empties it. */
export function exportFolder(duckdbPath: string): string {
  return `${duckdbPath}.exports`;
}

export interface ServedReplica extends HandledService {
  readonly targetSchema: string;
}

/** Everything that a running service answers over HTTP. */
export async function httpPlugins(
  service: ServedReplica,
  { readyMaxLagSeconds, queries: { resultBytes, tempBytes } }: HttpSettings,
): Promise<readonly HttpPlugin[]> {
  const { statusRoutes } = await import('../http/status-routes.js');
  const { queryRoutes } = await import('../http/query-routes.js');
  const { executeRoutes } = await import('../http/execute-routes.js');
  const { appendRoutes } = await import('../http/append-routes.js');
  const { watchRoutes } = await import('../http/watch-routes.js');
  const { database, targetSchema, governor, logger, watch } = service;
  return [
    statusRoutes({
      status: () => serviceStatus(service),
      checkHealth: healthCheck(service),
      findLacks: () => findLacks(service, readyMaxLagSeconds),
    }),
    queryRoutes({
      database,
      targetSchema,
      governor,
      logger,
      resultBytes,
      exportFolder: exportFolder(database.path),
    }),
    executeRoutes({ database, governor }),
    appendRoutes({ database, governor, stageBytes: tempBytes }),
    ...(watch === null ? [] : [watchRoutes(watch)]),
  ];
}
