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
  const health = seldom(() => inTime(checkHealth()));
  const readiness = seldom(() => inTime(findLacks()));
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
        const healthy = await health().then(isSo, isNot);
        return reply.code(healthy ? 200 : 503).send({ healthy });
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
        const lacks = await readiness().then(({ length }) => length, cannotTell);
        const ready = lacks === 0;
        return reply.code(ready ? 200 : 503).send({ ready, lacks });
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

const isSo = (): boolean => true;
const isNot = (): boolean => false;
/** That it can't be told is what is lacking. */
const cannotTell = (): number => 1;

/** The same answer for all who ask at the same time, and for a while after it. */
function seldom<T>(work: () => Promise<T>): () => Promise<T> {
  let latest: Promise<T> | null = null;
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

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('it takes too long')), HEALTH_DEADLINE_MS);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
