import type { Watch } from '../watch/watch.js';
import { HttpError } from './http-error.js';
import type { HttpPlugin } from './http-server.js';
import { answerOf, jsonAnswer } from './openapi.js';
import { readWatchPage } from './watch-page.js';

const METRICS = answerOf('The metrics', { 'text/plain': { type: 'string' } });
const EVENTS = answerOf('The events, until one side ends', {
  'text/event-stream': { type: 'string' },
});
const TOO_MANY = jsonAnswer('Too many clients read them', { error: { type: 'string' } });

/** The page at `/`, its events, and the metrics. */
export function watchRoutes({ metrics, events }: Pick<Watch, 'metrics' | 'events'>): HttpPlugin {
  return async (app) => {
    const page = await readWatchPage();
    app.get(
      '/',
      { config: { role: 'anyone' }, schema: { hide: true } },
      // It carries no data: what it shows it asks for with the reader's token.
      (_request, reply) => reply.headers(page.headers).send(page.html),
    );
    app.get(
      '/metrics',
      {
        config: { document: { answers: { 200: METRICS } } },
        schema: { summary: "Metrics in Prometheus's text format" },
      },
      async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()),
    );
    app.get(
      '/api/events',
      {
        exposeHeadRoute: false,
        config: { document: { answers: { 200: EVENTS, 503: TOO_MANY } } },
        schema: {
          summary: 'What the service does, as it does it: server-sent events',
          description:
            'A client begins with how things stand. One that comes back with Last-Event-ID is told ' +
            'the problems and quarantines since then, and how many of them are lost.',
        },
      },
      (request, reply) => {
        const lastId = request.headers['last-event-id'];
        const stream = events.open(typeof lastId === 'string' ? lastId : null);
        if (stream === null) {
          throw new HttpError(503, 'too many clients read the events already', {
            headers: { 'retry-after': '30' },
          });
        }
        request.ended.addEventListener('abort', () => stream.destroy(), { once: true });
        return reply
          .headers({
            'content-type': 'text/event-stream; charset=utf-8',
            'cache-control': 'no-store',
            // Proxies are not to wait for more.
            'x-accel-buffering': 'no',
          })
          .send(stream);
      },
    );
  };
}
