import { automatic, withDefault } from './option.js';
import { memorySize, oneOf, tokenList, wholeNumber } from './value-schemas.js';
import * as v from 'valibot';

const anyText = v.string();

/** The variables of the HTTP server, which is part of `ducktail run`. */
export const httpOptions = {
  httpEnabled: withDefault('HTTP_ENABLED', oneOf(['true', 'false']), 'true', {
    doc: 'Whether `ducktail run` answers over HTTP: true or false.',
  }),
  httpHost: withDefault('HTTP_HOST', anyText, '127.0.0.1', {
    doc:
      'The address that the HTTP server listens at; another one than this machine’s own takes ' +
      'API_TOKENS.',
  }),
  httpPort: withDefault('HTTP_PORT', wholeNumber({ min: 0, max: 65_535 }), '8080', {
    doc: 'Its port, for HTTP/1.1 and HTTP/2 alike; 0 takes any free one.',
  }),
  httpTlsCert: automatic<string | null>('HTTP_TLS_CERT', anyText, null, 'no TLS', {
    doc: 'PEM file of the HTTP server’s certificate, with those of its issuers behind it.',
  }),
  httpTlsKey: automatic<string | null>('HTTP_TLS_KEY', anyText, null, 'no TLS', {
    doc: 'PEM file of its private key.',
  }),
  apiTokens: automatic('API_TOKENS', tokenList, [], 'none, for this machine alone', {
    secret: true,
    doc:
      'Who may use the HTTP server: name:role:sha256 entries between commas; the role is reader, ' +
      'writer or admin, and the last the SHA-256 of the bearer token in hex.',
  }),
  httpRateLimit: withDefault(
    'HTTP_RATE_LIMIT',
    wholeNumber({ min: 1, max: 1_000_000_000 }),
    '60000',
    { doc: 'Requests that a token (or, without tokens, an address) may make in a minute.' },
  ),
  readyMaxLagSeconds: withDefault(
    'READY_MAX_LAG_SECONDS',
    wholeNumber({ min: 1, max: 31_536_000 }),
    '60',
    { doc: 'How far behind the source /readyz says that the replica is ready.' },
  ),
  maxConcurrentQueries: withDefault(
    'MAX_CONCURRENT_QUERIES',
    wholeNumber({ min: 1, max: 16 }),
    '4',
    { doc: 'Clients’ queries that run at once; the others wait.' },
  ),
  queryQueueMax: withDefault('QUERY_QUEUE_MAX', wholeNumber({ min: 0, max: 100_000 }), '64', {
    doc: 'Queries that may wait; the next one is answered with 503 and Retry-After.',
  }),
  queryTimeoutMs: withDefault(
    'QUERY_TIMEOUT_MS',
    wholeNumber({ min: 1, max: 86_400_000 }),
    '60000',
    { doc: 'When a client’s query is interrupted, in milliseconds, sending its result included.' },
  ),
  queryMemoryLimit: withDefault('QUERY_MEMORY_LIMIT', memorySize, '64MB', {
    doc:
      'Memory that each query adds to what DuckDB may have, beside DUCKDB_MEMORY_LIMIT, which is ' +
      'replication’s: queries that touch that are ended. So are all queries where the service’s own ' +
      'memory grows by more than twice what they may have and 512 MB: DuckDB does not count all it ' +
      'takes.',
  }),
  queryTempLimit: withDefault('QUERY_TEMP_LIMIT', memorySize, '1GB', {
    doc: 'What queries may write to disk at once while they don’t fit into memory.',
  }),
  exportFolder: automatic<string | null>('EXPORT_FOLDER', anyText, null, 'none', {
    doc:
      'The folder that `COPY … TO` of `ducktail query` may write into while the service answers ' +
      'over HTTP: DuckDB then opens no files elsewhere.',
  }),
  queryResultLimit: withDefault('QUERY_RESULT_LIMIT', memorySize, '1GB', {
    doc: 'The largest result that is sent to a client.',
  }),
};
