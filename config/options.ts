import * as v from 'valibot';
import { httpOptions } from './http-options.js';
import { parseMysqlUrl } from './mysql-url.js';
import { automatic, type EnvironmentOption, required, withDefault } from './option.js';
import {
  backupPlace,
  commaList,
  cronExpression,
  filePath,
  memorySize,
  noEncryption,
  oneOf,
  secretKey,
  targetSchema,
  watermarkList,
  webUrl,
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

const AWS_DEFAULT = 'as AWS tools find it';

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
  duckdbEncryptionKey: automatic<null>('DUCKDB_ENCRYPTION_KEY', noEncryption, null, 'none', {
    doc:
      'Encryption of the replica at rest, which the build of DuckDB that Ducktail uses does not ' +
      'allow: set, it is refused. An encrypted file system does it; BACKUP_ENCRYPTION_KEY is for ' +
      'backups.',
    secret: true,
  }),
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
  snapshotPath: automatic<string | null>('SNAPSHOT_PATH', filePath, null, 'none', {
    doc:
      'Where `ducktail run` publishes a read-only copy of the replica for other programs: a file, ' +
      'replaced in one step.',
  }),
  snapshotSeconds: withDefault('SNAPSHOT_INTERVAL', wholeNumber({ min: 1, max: 604_800 }), '300', {
    doc: 'Seconds between one published snapshot and the next.',
  }),
  backupTarget: automatic<string | null>('BACKUP_TARGET', backupPlace, null, 'none', {
    doc:
      'Where backups are kept: a folder, or s3://bucket/path. A replica removes its own old ' +
      'backups there, and nothing else.',
  }),
  backupSchedule: automatic<string | null>('BACKUP_SCHEDULE', cronExpression, null, 'never', {
    doc: 'When `ducktail run` takes a backup: a cron expression, as for INCREMENTAL_SCHEDULE.',
  }),
  backupContent: withDefault('BACKUP_FORMAT', oneOf(['duckdb', 'parquet']), 'duckdb', {
    doc:
      "What a backup is: duckdb (the replica's file, which can be restored) or parquet (its " +
      'tables, for other programs).',
  }),
  backupKeep: withDefault('BACKUP_KEEP', wholeNumber({ min: 1, max: 100_000 }), '7', {
    doc: 'How many backups are kept of each format; older ones are removed.',
  }),
  backupKeepDays: automatic<number | null>(
    'BACKUP_KEEP_DAYS',
    wholeNumber({ min: 1, max: 36_500 }),
    null,
    'however old',
    { doc: 'Backups that are older than so many days are removed, but for the newest.' },
  ),
  backupKey: automatic<Buffer | null>('BACKUP_ENCRYPTION_KEY', secretKey, null, 'not encrypted', {
    doc:
      'Encrypts backups with AES-256-GCM before they leave the process: 32 bytes in hex, as ' +
      '`openssl rand -hex 32` prints them. Without it they cannot be restored.',
    secret: true,
  }),
  partitionBy: automatic('PARTITION_BY', watermarkList, [], 'one file a table', {
    doc:
      'How Parquet backups are split into folders: table.column entries between commas, * in the ' +
      'table for any characters.',
  }),
  s3Endpoint: automatic<string | null>('S3_ENDPOINT', webUrl, null, 'AWS', {
    doc: 'The URL of a server that speaks like S3: MinIO, Ceph, R2 and others.',
  }),
  s3Region: withDefault('AWS_REGION', v.string(), 'us-east-1', { doc: "The bucket's region." }),
  s3AccessKey: automatic<string | null>('AWS_ACCESS_KEY_ID', v.string(), null, AWS_DEFAULT, {
    doc: 'The account at S3.',
    secret: true,
  }),
  s3SecretKey: automatic<string | null>('AWS_SECRET_ACCESS_KEY', v.string(), null, AWS_DEFAULT, {
    doc: 'Its secret.',
    secret: true,
  }),
  s3SessionToken: automatic<string | null>('AWS_SESSION_TOKEN', v.string(), null, 'none', {
    doc: 'For temporary credentials.',
    secret: true,
  }),
  compactAtPercent: withDefault('COMPACT_AT_PERCENT', wholeNumber({ min: 0, max: 99 }), '50', {
    doc:
      "The dead share of the replica's file at which `ducktail run` rewrites it without holes, " +
      'holding the stream meanwhile; 0: never.',
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
