import type { HttpPlugin } from '../http/http-server.js';
import { type HandledService, serviceStatus } from './control-handlers.js';
import type { HttpSettings } from './http-service.js';

/** Everything that a running service answers over HTTP. */
export async function httpPlugins(
  service: HandledService,
  _settings: HttpSettings,
): Promise<readonly HttpPlugin[]> {
  const { statusRoutes } = await import('../http/status-routes.js');
  return [statusRoutes({ status: () => serviceStatus(service) })];
}
