import type { HttpPlugin } from '../http/http-server.js';
import { type HandledService, serviceStatus } from './control-handlers.js';
import type { HttpSettings } from './http-service.js';

export interface ServedReplica extends HandledService {
  readonly targetSchema: string;
}

/** Everything that a running service answers over HTTP. */
export async function httpPlugins(
  service: ServedReplica,
  { queries: { resultBytes, tempBytes } }: HttpSettings,
): Promise<readonly HttpPlugin[]> {
  const { statusRoutes } = await import('../http/status-routes.js');
  const { queryRoutes } = await import('../http/query-routes.js');
  const { executeRoutes } = await import('../http/execute-routes.js');
  const { appendRoutes } = await import('../http/append-routes.js');
  const { database, targetSchema, governor } = service;
  return [
    statusRoutes({ status: () => serviceStatus(service) }),
    queryRoutes({ database, targetSchema, governor, resultBytes }),
    executeRoutes({ database, governor }),
    appendRoutes({ database, governor, stageBytes: tempBytes }),
  ];
}
