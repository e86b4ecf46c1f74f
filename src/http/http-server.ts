import type { Server as HttpNodeServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { errorMessage, toError } from '../common/errors.js';
import type { Logger } from '../common/logger.js';
import type { ApiRole, ApiToken } from '../model/api-token.js';
import { type Client, identify, requireFile, requireRole } from './access.js';
import { HttpError, toHttpError } from './http-error.js';
import { describeRoutes, type RouteDocument } from './openapi.js';
import { createSplitServer, type SplitServer, type TlsFiles } from './split-server.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may use the route; a reader where nothing is said. */
    role?: ApiRole | 'anyone';
    /** The handler reads the body itself, as it comes. */
    readsBody?: boolean;
    document?: RouteDocument;
  }
  interface FastifyRequest {
    client: Client;
    /** Aborted when the client goes away or the server closes. */
    ended: AbortSignal;
  }
}

/** Of a request whose body is read before it is looked at. */
const BODY_BYTES = 4 * 1024 * 1024;
const BODY_MS = 30_000;
/** Between two signs of life on a connection, beside the longest query. */
const IDLE_MS = 120_000;

export interface HttpServerOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsFiles | null;
  readonly tokens: readonly ApiToken[];
  /** The replica's file; clients of ducktape name one, and can only have this. */
  readonly duckdbPath: string;
  /** Requests a minute, for each token. */
  readonly rateLimit: number;
  /** The longest that a request may take before its answer begins. */
  readonly longestMs: number;
  readonly version: string;
  readonly logger: Logger;
}

/** Adds routes: `config.role` says whose they are, `schema` what the OpenAPI document tells of them. */
export type HttpPlugin = (app: FastifyInstance) => void | Promise<void>;

/** Answers over HTTP/1.1 and HTTP/2 on one port, from when it is opened until it is disposed of. */
export class HttpServer implements AsyncDisposable {
  /** Of requests that are not answered yet. */
  private readonly requests = new Set<AbortController>();
  private readonly app: FastifyInstance;
  private split!: SplitServer;

  private constructor(private readonly options: HttpServerOptions) {
    this.app = Fastify({
      serverFactory: (listener) => {
        const idleMs = IDLE_MS + options.longestMs;
        this.split = createSplitServer(listener, options.tls, idleMs);
        // All that Fastify does with it is to listen and to close.
        return this.split.server as unknown as HttpNodeServer;
      },
      bodyLimit: BODY_BYTES,
      routerOptions: { maxParamLength: 512 },
      ajv: {
        customOptions: { coerceTypes: false, removeAdditional: false, allowUnionTypes: true },
      },
    });
  }

  static async open(
    options: HttpServerOptions,
    plugins: readonly HttpPlugin[],
  ): Promise<HttpServer> {
    const server = new HttpServer(options);
    try {
      await server.prepare(plugins);
      await server.app.listen({ host: options.host, port: options.port });
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Where it listens; the port is the one that was found where any would do. */
  get url(): string {
    const { address, port, family } = this.split.server.address() as AddressInfo;
    const scheme = this.options.tls === null ? 'http' : 'https';
    return `${scheme}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  }

  /** Ends every request and waits for its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = this.app.close();
    const stop = new HttpError(503, 'the service is stopping');
    for (const request of this.requests) request.abort(stop);
    this.split.closeConnections();
    await closed;
  }

  private async prepare(plugins: readonly HttpPlugin[]): Promise<void> {
    const { app, options } = this;
    await app.register(swagger, {
      openapi: {
        openapi: '3.1.0',
        info: {
          title: 'Ducktail',
          version: options.version,
          description:
            'Queries the replica of a MySQL or MariaDB database while it is kept up to date.',
        },
        components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
        security: options.tokens.length === 0 ? [] : [{ bearer: [] }],
      },
      transform: describeRoutes(options.tokens.length > 0),
    });
    // A page of another site can have a browser send plain text without asking.
    app.removeContentTypeParser('text/plain');
    this.addHooks();
    await app.register(rateLimit, {
      max: options.rateLimit,
      timeWindow: 60_000,
      keyGenerator: ({ client, ip }: FastifyRequest) =>
        options.tokens.length > 0 ? client.name : ip,
      errorResponseBuilder: (_request, { after }) =>
        new HttpError(429, `too many requests; the next one is taken in ${after}`),
    });
    for (const plugin of plugins) {
      await app.register(async (scope) => {
        await plugin(scope);
      });
    }
    app.get('/openapi.json', { config: { role: 'anyone' }, schema: { hide: true } }, () =>
      app.swagger(),
    );
  }

  private addHooks(): void {
    const { app, options } = this;
    const { logger } = options;
    app.decorateRequest('client');
    app.decorateRequest('ended');
    app.addHook('onRequest', (request, reply, done) => {
      request.client = NOBODY;
      request.ended = this.follow(reply);
      const { role = 'reader', readsBody = false } = request.routeOptions.config;
      if (role !== 'anyone') {
        request.client = this.identify(request);
        requireRole(request.client, role);
      }
      requireFile(options.duckdbPath, request.headers['x-duckdb-connection-string']);
      if (!readsBody) limitBodyTime(request);
      done();
    });
    app.addHook('onResponse', (request, reply, done) => {
      const { method, routeOptions, client } = request;
      logger.debug(
        {
          method,
          route: routeOptions.url ?? null,
          status: reply.statusCode,
          ms: Math.round(reply.elapsedTime),
          client: client.name,
        },
        'answered a request',
      );
      done();
    });
    app.setErrorHandler((error, request, reply) => this.answerError(error, request, reply));
    app.setNotFoundHandler((_request, reply) =>
      reply.code(404).send({ error: 'there is nothing at this address; see /openapi.json' }),
    );
  }

  /** Until the answer is sent, or the client goes away. */
  private follow({ raw }: FastifyReply): AbortSignal {
    const controller = new AbortController();
    this.requests.add(controller);
    raw.once('close', () => {
      this.requests.delete(controller);
      if (!raw.writableFinished) controller.abort(new HttpError(499, 'the client went away'));
    });
    return controller.signal;
  }

  private identify({ headers }: FastifyRequest): Client {
    const fetchSite = headers['sec-fetch-site'];
    return identify(this.options.tokens, {
      authorization: headers.authorization,
      host: headers.host ?? headers[':authority']?.toString() ?? '',
      fetchSite: typeof fetchSite === 'string' ? fetchSite : undefined,
      origin: headers.origin,
    });
  }

  private answerError(thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const error = toHttpError(thrown) ?? fastifyError(thrown);
    if (error !== null) {
      return reply
        .code(error.status)
        .headers(error.headers)
        .send({ error: error.message, hint: error.hint });
    }
    const { message, stack } = toError(thrown);
    const { method, routeOptions } = request;
    this.options.logger.error(
      { stack, method, route: routeOptions.url },
      `a request failed: ${message}`,
    );
    return reply.code(500).send({ error: 'the service failed; its log says why' });
  }
}

const NOBODY: Client = { name: '', role: 'reader' };

/** A body that comes drop by drop holds a connection and memory. */
function limitBodyTime({ raw, method }: FastifyRequest): void {
  if (raw.readableEnded) return;
  // Nobody reads what may come with these, and without a reader it has no end.
  if (method === 'GET' || method === 'HEAD') raw.resume();
  const timer = setTimeout(() => raw.destroy(), BODY_MS);
  raw.once('close', () => clearTimeout(timer)).once('end', () => clearTimeout(timer));
}

/** What Fastify itself finds wrong with a request; null: nothing. */
function fastifyError(error: unknown): HttpError | null {
  const { statusCode } = error as { statusCode?: unknown };
  if (typeof statusCode !== 'number' || statusCode < 400 || statusCode > 499) return null;
  return new HttpError(statusCode, errorMessage(error));
}
