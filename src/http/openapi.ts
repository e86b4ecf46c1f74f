import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import type { ApiRole } from '../model/api-token.js';

/** What the document tells of a route beyond what is checked: bodies and answers that are streams. */
export interface RouteDocument {
  /** A body that the handler reads itself. */
  readonly body?: object;
  readonly headers?: Readonly<Record<string, object>>;
  /** By their status. */
  readonly answers?: Readonly<Record<number, object>>;
}

const ERROR = {
  type: 'object',
  required: ['error'],
  properties: {
    error: { type: 'string', description: 'What is wrong' },
    hint: { type: 'string', description: 'What to do about it' },
  },
} as const;

/** Answers that are no success. */
const FAILURES: Readonly<Record<number, string>> = {
  400: 'The request is wrong',
  401: 'There is no bearer token, or it is not known',
  403: 'The token has another role, or a page of another site has asked',
  406: 'There is no such form of a result',
  413: 'The body is too large',
  415: 'Bodies of this type are not taken',
  422: 'It took more time, memory or bytes than it may',
  429: 'Too many requests in a minute; Retry-After says when the next one is taken',
  500: 'The service failed; its log says why',
  503: 'The service is busy or stopping; Retry-After says when to try again',
  507: 'The disk is full',
};

const LOOKING = [400, 403, 429, 500];
const ASKING = [...LOOKING, 413, 415, 422, 503, 507];

const CONNECTION_STRING = {
  'x-duckdb-connection-string': {
    type: 'string',
    description: "The path of the replica, as ducktape's clients send it; no other file is served",
  },
} as const;

export function answerOf(description: string, content: Readonly<Record<string, object>>): object {
  const described = Object.entries(content).map(([type, schema]) => [type, { schema }]);
  return { description, content: Object.fromEntries(described) as object };
}

export function jsonAnswer(description: string, properties: Readonly<Record<string, object>>) {
  const schema = { type: 'object', required: Object.keys(properties), properties };
  return answerOf(description, { 'application/json': schema });
}

type Transform = NonNullable<FastifyDynamicSwaggerOptions['transform']>;

/** Adds to each route who may use it and how it fails; what is checked and sent stays as it is. */
export function describeRoutes(hasTokens: boolean): Transform {
  return ({ schema, url, route }) => {
    // Fastify adds it to every GET.
    if (route.method === 'HEAD') return { schema: { ...schema, hide: true }, url };
    const { role, document = {} } = (route.config ?? {}) as {
      role?: ApiRole | 'anyone';
      document?: RouteDocument;
    };
    const isOpen = role === 'anyone';
    const failures = [
      ...(String(route.method).includes('POST') ? ASKING : LOOKING),
      ...(hasTokens && !isOpen ? [401] : []),
      ...(schema?.body !== undefined && document.answers !== undefined ? [406] : []),
    ].map((status) => [status, answerOf(FAILURES[status], { 'application/json': ERROR })]);
    const own = schema?.response ?? {};
    const described = {
      ...schema,
      ...(document.body === undefined ? {} : { body: document.body }),
      headers: { type: 'object', properties: { ...CONNECTION_STRING, ...document.headers } },
      ...(isOpen ? { security: [] } : {}),
      response: { ...(Object.fromEntries(failures) as object), ...own, ...document.answers },
    };
    return { schema: described, url };
  };
}
