import { errorMessage } from '../common/errors.js';
import type { HttpPlugin } from './http-server.js';
import { jsonAnswer } from './openapi.js';

/** Nobody needs it more often, and anyone may ask. */
const HEALTH_MS = 1000;
const HEALTH_DEADLINE_MS = 10_000;

export interface StatusSource {
  /** Throws where the replica can't be read or written. */
  readonly checkHealth: () => Promise<void>;
  /** What is missing for the replica to be used, one sentence each. */
  readonly findLacks: () => Promise<readonly string[]>;
  /** The document of `status --json`. */
  readonly status: () => Promise<object>;
}

const HEALTHY = jsonAnswer('They work', { healthy: { type: 'boolean' } });
const READY = jsonAnswer('It is', {
  ready: { type: 'boolean' },
  lacks: { type: 'integer', description: 'How many things are missing; `status` tells which' },
});
const STATUS = jsonAnswer('How things stand', {
  service: { type: ['object', 'null'] },
  cdc: { type: ['object', 'null'] },
  tables: { type: 'array', items: { type: 'object' } },
});

/** How the service is: `/api/status`, `/api/ping`, `/healthz` and `/readyz`. */
export function statusRoutes({ status, checkHealth, findLacks }: StatusSource): HttpPlugin {
  const isHealthy = seldom(() => inTime(checkHealth()));
  return (app) => {
    app.get(
      '/healthz',
      {
        config: {
          role: 'anyone',
          document: { answers: { 200: HEALTHY, 503: { ...HEALTHY, description: 'They do not' } } },
        },
        schema: { summary: 'Whether a query and a write work: 200, else 503' },
      },
      async (_request, reply) => {
        const error = await isHealthy().then(() => null, errorMessage);
        return reply.code(error === null ? 200 : 503).send({ healthy: error === null });
      },
    );
    app.get(
      '/readyz',
      {
        config: {
          role: 'anyone',
          document: { answers: { 200: READY, 503: { ...READY, description: 'Not yet' } } },
        },
        schema: {
          summary: 'Whether every table has a snapshot and is close to the source: 200, else 503',
        },
      },
      async (_request, reply) => {
        const lacks = await findLacks();
        const isReady = lacks.length === 0;
        return reply.code(isReady ? 200 : 503).send({ ready: isReady, lacks: lacks.length });
      },
    );
    app.get(
      '/api/status',
      {
        config: { document: { answers: { 200: STATUS } } },
        schema: { summary: 'The service, its stream and its tables, as in `status --json`' },
      },
      status,
    );
    app.route({
      method: ['GET', 'POST'],
      url: '/api/ping',
      schema: {
        summary: 'Whether the service answers',
        response: {
          200: { description: 'It does', type: 'object', properties: { ok: { type: 'boolean' } } },
        },
      },
      handler: () => ({ ok: true }),
    });
  };
}

/** The same answer for all who ask at the same time, and for a while after it. */
function seldom(work: () => Promise<void>): () => Promise<void> {
  let latest: Promise<void> | null = null;
  return () => {
    if (latest === null) {
      latest = work();
      const forget = (): void => {
        setTimeout(() => (latest = null), HEALTH_MS).unref();
      };
      latest.then(forget, forget);
    }
    return latest;
  };
}

async function inTime(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('it takes too long')), HEALTH_DEADLINE_MS);
  });
  try {
    await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
