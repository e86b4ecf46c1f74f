import { setTimeout as delay } from 'node:timers/promises';
import { Backoff } from '../common/backoff.js';
import { errorMessage } from '../common/errors.js';
import type { Logger } from '../common/logger.js';
import type { HttpPlugin, HttpServerOptions } from '../http/http-server.js';
import type { ApiToken } from '../model/api-token.js';
import type { QueryLimits } from '../model/query-limits.js';

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 30_000;

export interface HttpSettings {
  readonly enabled: boolean;
  readonly host: string;
  readonly port: number;
  readonly tls: HttpServerOptions['tls'];
  readonly tokens: readonly ApiToken[];
  readonly rateLimit: number;
  readonly readyMaxLagSeconds: number;
  /** Where clients on this machine may have files written. */
  readonly exportFolders: readonly string[];
  readonly queries: QueryLimits;
  readonly version: string;
  readonly duckdbPath: string;
}

/**
 * The HTTP server of a running service. An address that can't be had leaves the service without
 * these clients, not the replica without changes: it is told, and tried again until it is there.
 */
export class HttpService implements AsyncDisposable {
  private readonly stop = new AbortController();
  private server: AsyncDisposable | null = null;
  private opening: Promise<void> = Promise.resolve();

  private constructor(
    private readonly settings: HttpSettings,
    private readonly plugins: readonly HttpPlugin[],
    private readonly logger: Logger,
  ) {}

  /** Resolves when it listens, or has failed to for the first time. */
  static async open(
    settings: HttpSettings,
    plugins: readonly HttpPlugin[],
    logger: Logger,
  ): Promise<HttpService> {
    const service = new HttpService(settings, plugins, logger);
    if (!(await service.listen())) service.opening = service.keepTrying();
    return service;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop.abort();
    await this.opening;
    await this.server?.[Symbol.asyncDispose]();
  }

  private async keepTrying(): Promise<void> {
    const { signal } = this.stop;
    const backoff = new Backoff(FIRST_RETRY_MS, LONGEST_RETRY_MS);
    do {
      await delay(backoff.nextMs(), undefined, { signal }).catch(() => undefined);
    } while (!signal.aborted && !(await this.listen()));
  }

  private async listen(): Promise<boolean> {
    const { settings, plugins, logger } = this;
    const { host, port, tls, tokens, rateLimit, version, duckdbPath, queries } = settings;
    // Loaded here alone: other commands have no use for it.
    const { HttpServer } = await import('../http/http-server.js');
    try {
      const longestMs = queries.timeoutMs;
      const server = await HttpServer.open(
        { host, port, tls, tokens, rateLimit, longestMs, version, duckdbPath, logger },
        plugins,
      );
      this.server = server;
      logger.info({ url: server.url }, 'HTTP requests are answered');
      return true;
    } catch (error) {
      if (!isAboutAddress(error)) throw error;
      logger.error(
        { hint: 'Give HTTP_HOST and HTTP_PORT a free address, or set HTTP_ENABLED to false.' },
        `no HTTP requests can be answered at ${host}:${port}: ${errorMessage(error)}; trying again`,
      );
      return false;
    }
  }
}

function isAboutAddress(error: unknown): boolean {
  const { syscall } = error as NodeJS.ErrnoException;
  return syscall === 'listen' || syscall === 'bind' || syscall === 'getaddrinfo';
}
