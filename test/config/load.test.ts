import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import {
  automaticWorkerThreads,
  type Environment,
  loadConfig,
  loadReplicaConfig,
  readEnvironment,
} from '../../config/load.js';
import { DucktailError } from '../../src/common/errors.js';
import { makeCertificate } from '../helpers/certificate.js';
import { TempFolder } from '../helpers/temp-folder.js';

const URL = 'mysql://shop:s3cret@db.example:3307/shop';
const MINIMAL = { MYSQL_URL: URL, DUCKDB_PATH: './replica.duckdb' };

function problemsOf(load: () => unknown): string {
  try {
    load();
  } catch (error) {
    assert.ok(error instanceof DucktailError);
    assert.equal(error.code, 'configuration');
    return error.message;
  }
  assert.fail('nothing was wrong');
}

test('defaults stand where only the required variables are set', () => {
  assert.deepEqual(loadConfig(MINIMAL), {
    endpoint: {
      host: 'db.example',
      port: 3307,
      user: 'shop',
      password: 's3cret',
      database: 'shop',
      tls: null,
    },
    duckdbPath: './replica.duckdb',
    targetSchema: 'main',
    tables: { include: [], exclude: [] },
    batchRows: 20_480,
    flushRows: 61_440,
    insertBatchRows: 1000,
    workerThreads: automaticWorkerThreads(availableParallelism()),
    duckdbMemoryLimit: '128MB',
    duckdbThreads: null,
    types: { tinyint1As: 'boolean', timeAs: 'time', timestampAs: 'timestamp' },
    watermarks: [],
    lookbackSeconds: 60,
    deletes: false,
    cdcServerId: null,
    cdcBatchRows: 50_000,
    cdcBatchMs: 100,
    cdcEnabled: true,
    schedule: '*/5 * * * *',
    snapshotPath: null,
    snapshotSeconds: 300,
    backupTarget: null,
    backupSchedule: null,
    backupContent: 'duckdb',
    backupKeep: 7,
    backupKeepDays: null,
    backupKey: null,
    partitionBy: [],
    s3Endpoint: null,
    s3Region: 'us-east-1',
    s3Credentials: null,
    compactAtPercent: 50,
    http: {
      enabled: true,
      host: '127.0.0.1',
      port: 8080,
      tls: null,
      tokens: [],
      rateLimit: 60_000,
      readyMaxLagSeconds: 60,
      exportFolders: [],
      queries: {
        maxConcurrent: 4,
        queueMax: 64,
        timeoutMs: 60_000,
        memoryBytes: 64e6,
        tempBytes: 1e9,
        resultBytes: 1e9,
      },
    },
    logLevel: 'info',
    logFormat: null,
  });
});

test('every variable reaches its place', () => {
  const { endpoint, ...rest } = loadConfig({
    ...MINIMAL,
    DUCKDB_PATH: '/data/copy.duckdb',
    TARGET_SCHEMA: 'Shop data',
    INCLUDE_TABLES: ' orders, item_* ,,orders',
    EXCLUDE_TABLES: '*_old',
    BATCH_SIZE: '1',
    APPENDER_FLUSH_INTERVAL: ' 2048 ',
    INSERT_BATCH_SIZE: '100000',
    WORKER_THREADS: '7',
    DUCKDB_MEMORY_LIMIT: '1.5 GiB',
    DUCKDB_THREADS: '3',
    WATERMARK_COLUMNS: 'orders.changed, log_*.id',
    INCREMENTAL_LOOKBACK_SECONDS: '0',
    INCREMENTAL_DELETES: 'TRUE',
    CDC_ENABLED: 'False',
    CDC_SERVER_ID: '4294967295',
    CDC_MAX_BATCH_ROWS: '1',
    CDC_MAX_BATCH_MS: '60000',
    INCREMENTAL_SCHEDULE: '30 0 4 * * mon-fri',
    SNAPSHOT_PATH: '/data/published.duckdb',
    SNAPSHOT_INTERVAL: '60',
    BACKUP_TARGET: 's3://bucket/shop',
    BACKUP_SCHEDULE: '0 3 * * *',
    BACKUP_FORMAT: 'Parquet',
    BACKUP_KEEP: '3',
    BACKUP_KEEP_DAYS: '30',
    BACKUP_ENCRYPTION_KEY: 'aB'.repeat(32),
    PARTITION_BY: 'orders.status',
    S3_ENDPOINT: 'https://minio:9000',
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'id',
    AWS_SECRET_ACCESS_KEY: 'key',
    COMPACT_AT_PERCENT: '0',
    TINYINT1_AS: 'tinyint',
    TIME_AS: 'INTERVAL',
    TIMESTAMP_AS: 'timestamptz',
    HTTP_HOST: '0.0.0.0',
    HTTP_PORT: '0',
    API_TOKENS: `me:writer:${'ab'.repeat(32)}`,
    HTTP_RATE_LIMIT: '5',
    READY_MAX_LAG_SECONDS: '7',
    EXPORT_FOLDER: '/exports',
    MAX_CONCURRENT_QUERIES: '2',
    QUERY_QUEUE_MAX: '0',
    QUERY_TIMEOUT_MS: '9',
    QUERY_MEMORY_LIMIT: '1 GiB',
    QUERY_TEMP_LIMIT: '2MB',
    QUERY_RESULT_LIMIT: '1.5KB',
    LOG_LEVEL: 'Debug',
    LOG_FORMAT: 'json',
  });
  assert.equal(endpoint.database, 'shop');
  assert.deepEqual(rest, {
    duckdbPath: '/data/copy.duckdb',
    targetSchema: 'Shop data',
    tables: { include: ['orders', 'item_*'], exclude: ['*_old'] },
    batchRows: 1,
    flushRows: 2048,
    insertBatchRows: 100_000,
    workerThreads: 7,
    duckdbMemoryLimit: '1.5 GiB',
    duckdbThreads: 3,
    types: { tinyint1As: 'tinyint', timeAs: 'interval', timestampAs: 'timestamptz' },
    watermarks: [
      { tables: 'orders', column: 'changed' },
      { tables: 'log_*', column: 'id' },
    ],
    lookbackSeconds: 0,
    deletes: true,
    cdcServerId: 4_294_967_295,
    cdcBatchRows: 1,
    cdcBatchMs: 60_000,
    cdcEnabled: false,
    schedule: '30 0 4 * * mon-fri',
    snapshotPath: '/data/published.duckdb',
    snapshotSeconds: 60,
    backupTarget: 's3://bucket/shop',
    backupSchedule: '0 3 * * *',
    backupContent: 'parquet',
    backupKeep: 3,
    backupKeepDays: 30,
    backupKey: Buffer.alloc(32, 0xab),
    partitionBy: [{ tables: 'orders', column: 'status' }],
    s3Endpoint: 'https://minio:9000',
    s3Region: 'eu-central-1',
    s3Credentials: { accessKeyId: 'id', secretAccessKey: 'key' },
    compactAtPercent: 0,
    http: {
      enabled: true,
      host: '0.0.0.0',
      port: 0,
      tls: null,
      tokens: [{ name: 'me', role: 'writer', digest: Buffer.alloc(32, 0xab) }],
      rateLimit: 5,
      readyMaxLagSeconds: 7,
      exportFolders: ['/exports'],
      queries: {
        maxConcurrent: 2,
        queueMax: 0,
        timeoutMs: 9,
        memoryBytes: 2 ** 30,
        tempBytes: 2e6,
        resultBytes: 1500,
      },
    },
    logLevel: 'debug',
    logFormat: 'json',
  });
});

test('what the HTTP server can not be is told, without any part of a token', () => {
  const digest = 'ab'.repeat(32);
  const told = problemsOf(() =>
    loadConfig({
      ...MINIMAL,
      HTTP_HOST: '192.0.2.1',
      HTTP_TLS_CERT: '/no/such/file',
      API_TOKENS: `a:king:${digest}, a:reader:secret, a:reader:${digest}:x`,
    }),
  );
  assert.match(told, /API_TOKENS has an entry 1 whose role is not reader, writer, admin/);
  assert.match(told, /API_TOKENS has an entry 2 that is not name:role:sha256/);
  assert.match(told, /API_TOKENS has an entry 3 that is not/);
  assert.match(told, /HTTP_TLS_KEY is not set, and TLS takes both files/);
  assert.match(told, /HTTP_TLS_CERT is '\/no\/such\/file', which can't be read/);
  assert.ok(!told.includes(digest) && !told.includes('king') && !told.includes('secret'), told);
  const open = { ...MINIMAL, HTTP_HOST: '0.0.0.0' };
  assert.match(
    problemsOf(() => loadConfig(open)),
    /^HTTP_HOST is '0.0.0.0', where others could reach it, and API_TOKENS has no token/,
  );
  assert.equal(loadConfig({ ...open, HTTP_ENABLED: 'false' }).http.enabled, false);
  for (const host of ['localhost', '::1', '127.0.0.2']) loadConfig({ ...MINIMAL, HTTP_HOST: host });
});

test('files that are no certificate and its key are told before anything starts', async () => {
  await using folder = await TempFolder.open();
  const one = makeCertificate(folder.path, 'one');
  const other = makeCertificate(folder.path, 'other');
  const load = (cert: string, key: string) =>
    loadConfig({ ...MINIMAL, HTTP_TLS_CERT: cert, HTTP_TLS_KEY: key });
  for (const [cert, key] of [
    ['/etc/passwd', one.key],
    [one.cert, '/etc/passwd'],
    [one.cert, other.key],
    [one.key, one.cert],
  ]) {
    assert.match(
      problemsOf(() => load(cert, key)),
      /^HTTP_TLS_CERT and HTTP_TLS_KEY are no certificate and its key: /,
    );
  }
  assert.ok(load(one.cert, one.key).http.tls);
});

test('one token has one name, and an IPv6 address may stand in brackets', () => {
  const digest = 'ab'.repeat(32);
  const tokens = { ...MINIMAL, API_TOKENS: `a:reader:${digest}, b:admin:${digest.toUpperCase()}` };
  assert.match(
    problemsOf(() => loadConfig(tokens)),
    /API_TOKENS has an entry 2 with the token of an earlier one/,
  );
  assert.equal(loadConfig({ ...MINIMAL, HTTP_HOST: '[::1]' }).http.host, '::1');
});

test('an empty or blank variable counts as unset', () => {
  const config = loadConfig({ ...MINIMAL, BATCH_SIZE: '', LOG_LEVEL: '  ', INCLUDE_TABLES: '' });
  assert.deepEqual(config, loadConfig(MINIMAL));
  assert.equal(
    problemsOf(() => loadConfig({ ...MINIMAL, MYSQL_URL: '' })),
    'MYSQL_URL is not set',
  );
});

const WRONG: readonly [Environment, string][] = [
  [{ DUCKDB_PATH: undefined }, 'DUCKDB_PATH is not set'],
  [
    { DUCKDB_PATH: ':memory:' },
    'DUCKDB_PATH must be a file: a replica in memory would be gone when the command ends',
  ],
  [
    { TARGET_SCHEMA: '_Ducktail' },
    "TARGET_SCHEMA is '_Ducktail', a schema with another use; choose another name",
  ],
  [{ WATERMARK_COLUMNS: 'orders' }, "WATERMARK_COLUMNS has 'orders', which is not table.column"],
  [{ CDC_ENABLED: 'yes' }, "CDC_ENABLED is 'yes'; it must be one of true, false"],
  [
    { INCREMENTAL_SCHEDULE: 'hourly' },
    "INCREMENTAL_SCHEDULE is 'hourly', which is no cron expression",
  ],
  [
    { INCREMENTAL_SCHEDULE: '61 * * * *' },
    "INCREMENTAL_SCHEDULE is '61 * * * *', which is no cron expression (Invalid value for minute: 61)",
  ],
  [
    { INCREMENTAL_SCHEDULE: '0 0 30 2 *' },
    "INCREMENTAL_SCHEDULE is '0 0 30 2 *', a time that never comes",
  ],
  [{ BATCH_SIZE: '20k' }, "BATCH_SIZE is '20k', which is not a whole number in plain digits"],
  [{ BATCH_SIZE: '1e3' }, "BATCH_SIZE is '1e3', which is not a whole number in plain digits"],
  [{ BATCH_SIZE: '-1' }, "BATCH_SIZE is '-1', which is not a whole number in plain digits"],
  [{ BATCH_SIZE: '0' }, 'BATCH_SIZE is 0; it must be from 1 to 122880'],
  [
    { DUCKDB_PATH: './data/_Ducktail.db' },
    "DUCKDB_PATH can't be called _ducktail, as the schema of Ducktail's state is",
  ],
  [
    { TARGET_SCHEMA: 'temp' },
    "TARGET_SCHEMA is 'temp', a schema with another use; choose another name",
  ],
  [
    { APPENDER_FLUSH_INTERVAL: '10000001' },
    'APPENDER_FLUSH_INTERVAL is 10000001; it must be from 1 to 10000000',
  ],
  [{ INSERT_BATCH_SIZE: '0' }, 'INSERT_BATCH_SIZE is 0; it must be from 1 to 100000'],
  [{ WORKER_THREADS: '65' }, 'WORKER_THREADS is 65; it must be from 1 to 64'],
  [
    { DUCKDB_THREADS: 'all' },
    "DUCKDB_THREADS is 'all', which is not a whole number in plain digits",
  ],
  [
    { DUCKDB_MEMORY_LIMIT: '256' },
    "DUCKDB_MEMORY_LIMIT is '256'; it must be a size such as 256MB or 1GiB",
  ],
  [
    { DUCKDB_MEMORY_LIMIT: '0GB' },
    "DUCKDB_MEMORY_LIMIT is '0GB'; it must be a size such as 256MB or 1GiB",
  ],
  [{ CDC_ENABLED: 'yes' }, "CDC_ENABLED is 'yes'; it must be one of true, false"],
  [{ CDC_SERVER_ID: '0' }, 'CDC_SERVER_ID is 0; it must be from 1 to 4294967295'],
  [{ CDC_MAX_BATCH_ROWS: '0' }, 'CDC_MAX_BATCH_ROWS is 0; it must be from 1 to 10000000'],
  [{ CDC_MAX_BATCH_MS: '0' }, 'CDC_MAX_BATCH_MS is 0; it must be from 1 to 60000'],
  [{ TINYINT1_AS: 'bool' }, "TINYINT1_AS is 'bool'; it must be one of boolean, tinyint"],
  [{ LOG_FORMAT: 'xml' }, "LOG_FORMAT is 'xml'; it must be one of json, pretty"],
  [
    { INCLUDE_TABLES: 'users,order_*', EXCLUDE_TABLES: 'o*' },
    "INCLUDE_TABLES has 'order_*', of which 'o*' in EXCLUDE_TABLES leaves nothing",
  ],
  [{ EXCLUDE_TABLES: 'a,**' }, "EXCLUDE_TABLES has '**', which leaves no table"],
];

test('a wrong value is told by name, with what is right', () => {
  for (const [variables, problem] of WRONG) {
    assert.equal(
      problemsOf(() => loadConfig({ ...MINIMAL, ...variables })),
      problem,
    );
  }
});

test('every problem is listed at once, and no part of MYSQL_URL is printed', () => {
  const message = problemsOf(() =>
    loadConfig({
      MYSQL_URL: 'mysql://shop:s3cret@db.example:99999/',
      BATCH_SIZE: 'x',
      TIME_AS: 'text',
    }),
  );
  assert.deepEqual(message.split('\n'), [
    '5 problems in the configuration:',
    '  MYSQL_URL has a host or port that is none: after the @ goes a name or address (IPv6 in []), ' +
      'then : and a number from 1 to 65535',
    '  MYSQL_URL names no database; it must look like mysql://user:password@host:port/database',
    '  DUCKDB_PATH is not set',
    "  BATCH_SIZE is 'x', which is not a whole number in plain digits",
    "  TIME_AS is 'text'; it must be one of time, interval",
  ]);
});

test('without the need of a source MYSQL_URL is not looked at, and the rest is', () => {
  const { endpoint, ...replica } = loadConfig(MINIMAL);
  assert.equal(endpoint.user, 'shop');
  assert.deepEqual(loadReplicaConfig({ DUCKDB_PATH: './replica.duckdb' }), replica);
  assert.deepEqual(
    loadReplicaConfig({ DUCKDB_PATH: './replica.duckdb', MYSQL_URL: 'nonsense' }),
    replica,
  );
  assert.equal(
    problemsOf(() => loadReplicaConfig({ DUCKDB_PATH: 'a', LOG_LEVEL: 'loud' })),
    "LOG_LEVEL is 'loud'; it must be one of trace, debug, info, warn, error, silent",
  );
});

test('readers take half of the cores, from one to four', () => {
  const readers = [1, 2, 3, 4, 8, 64].map((cores) => automaticWorkerThreads(cores));
  assert.deepEqual(readers, [1, 1, 1, 2, 4, 4]);
});

test('.env is read, and the environment wins over it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ducktail-config-'));
  try {
    assert.deepEqual(readEnvironment(folder, { A: '1' }), { A: '1' });
    await writeFile(
      join(folder, '.env'),
      '# comment\nA=file\nexport B="two words" # comment\nC=\'#x\'\nMYSQL_URL=' +
        URL +
        '\nD=file\n',
    );
    assert.deepEqual(readEnvironment(folder, { A: 'process', D: '' }), {
      A: 'process',
      B: 'two words',
      C: '#x',
      D: '',
      MYSQL_URL: URL,
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a .env that is no readable file is an error of the configuration', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ducktail-config-'));
  try {
    await mkdir(join(folder, '.env'));
    const message = problemsOf(() => readEnvironment(folder, {}));
    assert.equal(
      message,
      `${join(folder, '.env')} can't be read: EISDIR: illegal operation on a directory, read`,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});
