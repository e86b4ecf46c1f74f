import type { HttpPlugin } from './http-server.js';

export interface StatusSource {
  /** The document of `status --json`. */
  readonly status: () => Promise<object>;
}

/** How the service is: `/api/status` and `/api/ping`. */
export function statusRoutes({ status }: StatusSource): HttpPlugin {
  return (app) => {
    app.get(
      '/api/status',
      { schema: { summary: 'The service, its stream and its tables, as in `status --json`' } },
      status,
    );
    app.route({
      method: ['GET', 'POST'],
      url: '/api/ping',
      schema: {
        summary: 'Whether the service answers',
        response: { 200: { type: 'object', properties: { ok: { type: 'boolean' } } } },
      },
      handler: () => ({ ok: true }),
    });
  };
}
