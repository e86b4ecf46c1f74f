import { accessSync, constants, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import { errorMessage } from '../src/common/errors.js';
import { type ApiToken, isLoopback } from '../src/model/api-token.js';
import { byteCount, type QueryLimits } from '../src/model/query-limits.js';
import { httpOptions } from './http-options.js';
import type { OptionValues } from './options.js';

/** Of the HTTP server. */
export interface HttpConfig {
  readonly enabled: boolean;
  readonly host: string;
  readonly port: number;
  /** null: cleartext. */
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | null;
  readonly tokens: readonly ApiToken[];
  /** Requests a minute, for each token. */
  readonly rateLimit: number;
  readonly readyMaxLagSeconds: number;
  /** Where clients on this machine may have files written. */
  readonly exportFolders: readonly string[];
  readonly queries: QueryLimits;
}

type HttpValues = Pick<OptionValues, keyof typeof httpOptions>;

/** The other values. */
export function withoutHttp<Values extends object>(
  values: Values,
): Omit<Values, keyof typeof httpOptions> {
  const others = Object.entries(values).filter(([key]) => !(key in httpOptions));
  return Object.fromEntries(others) as Omit<Values, keyof typeof httpOptions>;
}

export function httpConfig(values: HttpValues): HttpConfig {
  const { httpTlsCert, httpTlsKey } = values;
  const enabled = values.httpEnabled === 'true';
  const hasTls = enabled && httpTlsCert !== null && httpTlsKey !== null;
  return {
    enabled,
    host: values.httpHost.replace(/^\[(.*)\]$/, '$1'),
    port: values.httpPort,
    tls: hasTls ? { cert: readFileSync(httpTlsCert), key: readFileSync(httpTlsKey) } : null,
    tokens: values.apiTokens,
    rateLimit: values.httpRateLimit,
    readyMaxLagSeconds: values.readyMaxLagSeconds,
    exportFolders: values.exportFolder === null ? [] : [resolve(values.exportFolder)],
    queries: {
      maxConcurrent: values.maxConcurrentQueries,
      queueMax: values.queryQueueMax,
      timeoutMs: values.queryTimeoutMs,
      memoryBytes: byteCount(values.queryMemoryLimit),
      tempBytes: byteCount(values.queryTempLimit),
      resultBytes: byteCount(values.queryResultLimit),
    },
  };
}

/** Whoever is not asked for a token must be on this machine. */
export function httpProblems(values: Partial<HttpValues>): string[] {
  const { httpEnabled, httpHost, httpTlsCert, httpTlsKey, apiTokens } = values;
  if (httpEnabled === 'false') return [];
  const problems: string[] = [];
  if (apiTokens?.length === 0 && httpHost !== undefined && !isLoopback(httpHost)) {
    problems.push(
      `HTTP_HOST is '${httpHost}', where others could reach it, and API_TOKENS has no token: ` +
        'set API_TOKENS, or HTTP_HOST to 127.0.0.1',
    );
  }
  return [...problems, ...tlsProblems(httpTlsCert, httpTlsKey)];
}

/** null: not set; undefined: set to what is no name of a file. */
function tlsProblems(cert: string | null | undefined, key: string | null | undefined): string[] {
  const problems: string[] = [];
  const files = [
    ['HTTP_TLS_CERT', cert],
    ['HTTP_TLS_KEY', key],
  ] as const;
  const missing = files.filter(([, file]) => file === null);
  if (missing.length === 1) problems.push(`${missing[0][0]} is not set, and TLS takes both files`);
  for (const [name, file] of files) {
    if (file === null || file === undefined) continue;
    try {
      accessSync(file, constants.R_OK);
    } catch (error) {
      problems.push(`${name} is '${file}', which can't be read: ${errorMessage(error)}`);
    }
  }
  if (problems.length > 0 || typeof cert !== 'string' || typeof key !== 'string') return problems;
  try {
    createSecureContext({ cert: readFileSync(cert), key: readFileSync(key) });
    return [];
  } catch (error) {
    const reason = errorMessage(error);
    return [`HTTP_TLS_CERT and HTTP_TLS_KEY are no certificate and its key: ${reason}`];
  }
}
