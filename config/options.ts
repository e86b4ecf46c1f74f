import * as v from 'valibot';
import { httpOptions } from './http-options.js';
import { parseMysqlUrl } from './mysql-url.js';
import { automatic, type EnvironmentOption, required, withDefault } from './option.js';
import {
  commaList,
  cronExpression,
  filePath,
  memorySize,
  oneOf,
  targetSchema,
  watermarkList,
  wholeNumber,
} from './value-schemas.js';

const mysqlUrl = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const { endpoint, problems } = parseMysqlUrl(dataset.value);
    if (endpoint !== null) return endpoint;
    for (const message of problems) addIssue({ message });
    return NEVER;
  }),
);

/**
 * Every variable that Ducktail reads. `--help`, the loader and the test of `.env.example` work from
 * this table.
 */
export const environmentOptions = {
  endpoint: required('MYSQL_URL', mysqlUrl, {
    secret: true,
    doc:
      'The source: mysql://user:password@host:port/database, special characters ' +
      'percent-encoded. TLS with ?ssl-mode=REQUIRED|VERIFY_CA|VERIFY_IDENTITY&ssl-ca=FILE ' +
      "(without ssl-ca: Node's CAs).",
  }),
  duckdbPath: required('DUCKDB_PATH', filePath, {
    doc: 'The DuckDB file that holds the replica; made where there is none.',
  }),
  targetSchema: withDefault('TARGET_SCHEMA', targetSchema, 'main', {
    doc: 'The schema in that file for the copied tables.',
  }),
  includeTables: automatic('INCLUDE_TABLES', commaList, [], 'all tables', {
    doc: 'The tables to copy: names or globs with *, between commas; case counts.',
  }),
  excludeTables: automatic('EXCLUDE_TABLES', commaList, [], 'none', {
    doc: 'The tables to leave out, written likewise; wins over INCLUDE_TABLES.',
  }),
  batchRows: withDefault('BATCH_SIZE', wholeNumber({ min: 1, max: 122_880 }), '20480', {
    doc: 'Rows in a batch that a reader hands over; long texts make smaller ones.',
  }),
  flushRows: withDefault(
    'APPENDER_FLUSH_INTERVAL',
    wholeNumber({ min: 1, max: 10_000_000 }),
    '61440',
    {
      doc: 'Rows between two flushes into a staging table; wide rows are flushed earlier.',
    },
  ),
  insertBatchRows: withDefault('INSERT_BATCH_SIZE', wholeNumber({ min: 1, max: 100_000 }), '1000', {
    doc: 'Rows of an INSERT statement, for tables that the Appender refuses.',
  }),
  workerThreads: automatic<number | null>(
    'WORKER_THREADS',
    wholeNumber({ min: 1, max: 64 }),
    null,
    'half of the cores, from 1 to 4',
    { doc: 'Reader threads, each with a connection to the source.' },
  ),
  duckdbMemoryLimit: withDefault('DUCKDB_MEMORY_LIMIT', memorySize, '128MB', {
    doc: "DuckDB's memory limit.",
  }),
  duckdbThreads: automatic<number | null>(
    'DUCKDB_THREADS',
    wholeNumber({ min: 1, max: 1024 }),
    null,
    'the number of cores',
    { doc: "DuckDB's threads." },
  ),
  watermarks: automatic('WATERMARK_COLUMNS', watermarkList, [], 'found by rule', {
    doc:
      'What incremental syncs follow: table.column entries between commas, * in the table for ' +
      'any characters. By rule: ON UPDATE CURRENT_TIMESTAMP, a usual name (updated_at, …), ' +
      'AUTO_INCREMENT; of several one with an index.',
  }),
  lookbackSeconds: withDefault(
    'INCREMENTAL_LOOKBACK_SECONDS',
    wholeNumber({ min: 0, max: 31_536_000 }),
    '60',
    {
      doc:
        'How far below its watermark an incremental sync reads again, for transactions that ' +
        'commit so long after they took their timestamp.',
    },
  ),
  deletes: withDefault('INCREMENTAL_DELETES', oneOf(['true', 'false']), 'false', {
    doc: 'Whether incremental syncs look for rows that are gone from the source: true or false.',
  }),
  cdcEnabled: withDefault('CDC_ENABLED', oneOf(['true', 'false']), 'true', {
    doc:
      'Whether `ducktail run` follows the binlog: true or false, which is incremental syncs on ' +
      'INCREMENTAL_SCHEDULE.',
  }),
  cdcServerId: automatic<number | null>(
    'CDC_SERVER_ID',
    wholeNumber({ min: 1, max: 4_294_967_295 }),
    null,
    'chosen once, then kept',
    { doc: "The replica's server_id at the source, which no other server or client may have." },
  ),
  cdcBatchRows: withDefault(
    'CDC_MAX_BATCH_ROWS',
    wholeNumber({ min: 1, max: 10_000_000 }),
    '50000',
    { doc: 'Changes that are gathered before they are applied.' },
  ),
  cdcBatchMs: withDefault('CDC_MAX_BATCH_MS', wholeNumber({ min: 1, max: 60_000 }), '100', {
    doc: 'The longest that a change waits for others before it is applied, in milliseconds.',
  }),
  schedule: withDefault('INCREMENTAL_SCHEDULE', cronExpression, '*/5 * * * *', {
    doc:
      'When `ducktail run` syncs where CDC_ENABLED is false: a cron expression, with seconds ' +
      "where it has six fields, in the process's time zone.",
  }),
  ...httpOptions,
  tinyint1As: withDefault('TINYINT1_AS', oneOf(['boolean', 'tinyint']), 'boolean', {
    doc:
      'What TINYINT(1) becomes: boolean (other values than 0 and 1 become true and are ' +
      'counted) or tinyint.',
  }),
  timeAs: withDefault('TIME_AS', oneOf(['time', 'interval']), 'time', {
    doc:
      'What TIME becomes: time (negative values and those of 24 hours and more become NULL ' +
      'and are recorded) or interval.',
  }),
  timestampAs: withDefault('TIMESTAMP_AS', oneOf(['timestamp', 'timestamptz']), 'timestamp', {
    doc: 'What TIMESTAMP becomes, its value being UTC: timestamp or timestamptz.',
  }),
  logLevel: withDefault(
    'LOG_LEVEL',
    oneOf(['trace', 'debug', 'info', 'warn', 'error', 'silent']),
    'info',
    { doc: 'trace, debug, info, warn, error or silent; from debug on, errors show their stack.' },
  ),
  logFormat: automatic<'json' | 'pretty' | null>(
    'LOG_FORMAT',
    oneOf(['json', 'pretty']),
    null,
    'pretty on a terminal, else json',
    { doc: 'The form of log lines on stderr: json or pretty.' },
  ),
};

/** The values of all options, under the table's own keys. */
export type OptionValues = {
  readonly [
    Key in keyof typeof environmentOptions
  ]: (typeof environmentOptions)[Key] extends EnvironmentOption<infer Value> ? Value : never;
};
