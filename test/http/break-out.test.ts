import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { readdir, readFile, stat } from 'node:fs/promises';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { ServedReplica, TOKENS } from './support/served-replica.js';

async function openReplica(): Promise<ServedReplica> {
  const replica = await ServedReplica.open();
  const { database } = replica;
  await database.transaction(async () => {
    await database.run(`CREATE TABLE orders (id INTEGER, price DECIMAL(12, 2))`);
    await database.run(`INSERT INTO orders VALUES (1, 1.5), (2, 2.5)`);
    await database.run(
      `INSERT INTO _ducktail.tables
         VALUES ('main', 'orders', 'shop', 'full', ['id'], NULL, '[]', 2, 0, now(), NULL, NULL, NULL, NULL)`,
    );
    await database.run('CREATE TABLE own (id INTEGER, price DECIMAL(12, 2))');
    await database.run('INSERT INTO own VALUES (7, 7)');
  });
  return replica;
}

/** What must be as it was after each attempt. */
async function fingerprint({ database }: ServedReplica): Promise<unknown> {
  return [
    await database.rows('FROM orders ORDER BY ALL'),
    await database.rows('FROM own ORDER BY ALL'),
    await database.rows('SELECT * EXCLUDE (estimated_size) FROM duckdb_tables() ORDER BY ALL'),
    await database.rows('SELECT * FROM duckdb_databases() ORDER BY ALL'),
    await database.rows('SELECT count(*) AS n FROM duckdb_secrets()'),
    await database.rows(
      `SELECT name, value FROM duckdb_settings() WHERE name NOT LIKE '%memory%' ORDER BY ALL`,
    ),
    (await readdir(dirname(database.path))).filter((name) => !/\.(wal|tmp)$/.test(name)).sort(),
  ];
}

/** SQL of a reader that must neither be answered nor do anything. */
const READS: readonly string[] = [
  'SELECT 1; SELECT 2',
  'SELECT 1; DROP TABLE own',
  'SELECT 1;/**/DELETE FROM own',
  '/* SELECT */ DELETE FROM own',
  '-- SELECT\nDROP TABLE own',
  'INSERT INTO own VALUES (1, 1)',
  'UPDATE own SET id = 0',
  'WITH x AS (SELECT 1 AS id) DELETE FROM own USING x',
  'WITH x AS (DELETE FROM own RETURNING id) SELECT * FROM x',
  'WITH x AS (INSERT INTO own VALUES (1, 1) RETURNING id) FROM x',
  'INSERT INTO own VALUES (1, 1) RETURNING id',
  'TRUNCATE own',
  'CREATE TABLE stolen AS FROM own',
  'CREATE TEMP TABLE stolen AS FROM own',
  'CREATE VIEW stolen AS FROM own',
  "FROM '/etc/passwd'",
  'SELECT * FROM "/etc/passwd"',
  "FROM 'file:///etc/passwd'",
  "FROM '/etc/hosts.csv'",
  "FROM 'https://example.com/x.parquet'",
  "SELECT * FROM read_csv('/etc/passwd')",
  'SELECT * FROM "read_csv"(\'/etc/passwd\')',
  "SELECT * FROM Read_Csv_Auto ('/etc/passwd')",
  "SELECT * FROM read_text('/etc/passwd')",
  "SELECT * FROM read_blob('/etc/passwd')",
  "SELECT * FROM read_json('/etc/passwd')",
  "SELECT * FROM read_parquet('/etc/passwd')",
  "SELECT * FROM parquet_metadata('/etc/passwd')",
  "SELECT * FROM sniff_csv('/etc/passwd')",
  "SELECT * FROM glob('/etc/*')",
  "SELECT (SELECT content FROM read_text('/etc/passwd'))",
  "SELECT 1 WHERE EXISTS (FROM glob('/etc/*'))",
  "WITH f AS (FROM read_text('/etc/passwd')) FROM f",
  "SELECT * FROM query('FROM read_text(''/etc/passwd'')')",
  "SELECT * FROM query_table('/etc/passwd')",
  "SELECT * FROM query_table(['own'])",
  "SELECT * FROM read_duckdb('/tmp/x.duckdb')",
  "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('DELETE FROM own'))",
  "COPY own TO '/tmp/ducktail-stolen.csv'",
  "COPY (SELECT 1) TO '/tmp/ducktail-stolen.parquet' (FORMAT parquet)",
  "COPY own FROM '/etc/passwd'",
  "EXPORT DATABASE '/tmp/ducktail-stolen'",
  "IMPORT DATABASE '/tmp/ducktail-stolen'",
  "ATTACH '/tmp/ducktail-stolen.duckdb' AS s",
  "ATTACH ':memory:' AS s",
  'DETACH replica',
  'USE temp',
  'INSTALL httpfs',
  'LOAD httpfs',
  "SET memory_limit = '100GB'",
  'SET GLOBAL enable_external_access = true',
  'RESET enable_external_access',
  'PRAGMA database_list',
  'PRAGMA enable_verification',
  'PRAGMA disable_checkpoint_on_shutdown',
  'CALL pragma_version()',
  'SELECT * FROM enable_logging()',
  'SELECT * FROM disable_logging()',
  'SELECT * FROM truncate_duckdb_logs()',
  'SELECT * FROM enable_profiling()',
  'SELECT * FROM force_checkpoint()',
  'SELECT * FROM checkpoint()',
  'CHECKPOINT',
  'FORCE CHECKPOINT',
  'VACUUM',
  'ANALYZE',
  'PREPARE p AS DELETE FROM own',
  'EXECUTE p',
  'DEALLOCATE p',
  'BEGIN',
  'COMMIT',
  'ROLLBACK',
  "SELECT getenv('HOME')",
  "SELECT write_log('x')",
  "CREATE SECRET s (TYPE s3, KEY_ID 'x', SECRET 'y')",
  "SELECT * FROM which_secret('s3://x', 's3')",
  'EXPLAIN ANALYZE DELETE FROM own',
  'EXPLAIN DELETE FROM own',
  "EXPLAIN SELECT * FROM read_text('/etc/passwd')",
  'ALTER TABLE own ADD COLUMN x INTEGER',
  'DROP TABLE own',
  'DROP SCHEMA main CASCADE',
  "COMMENT ON TABLE own IS 'x'",
  "SELECT nextval('s')",
  '',
  ';',
  '--',
  '\u0000SELECT 1',
];

test(`a reader breaks out by none of ${READS.length} statements`, async () => {
  await using replica = await openReplica();
  const before = await fingerprint(replica);
  for (const query of READS) {
    for (const accept of ['application/json', 'text/csv']) {
      const reply = await replica.post('/api/query', { query }, { accept });
      const text = await reply.text();
      assert.equal(reply.status, 400, `${query}: ${reply.status} ${text}`);
      assert.ok(!text.includes('root:'), text);
    }
  }
  assert.deepEqual(await fingerprint(replica), before);
  assert.deepEqual(await replica.rows('SELECT 1 AS a'), [{ a: 1 }]);
});

/** Statements of a writer that touch what is not a client's. */
const WRITES: readonly string[] = [
  'INSERT INTO orders VALUES (3, 3)',
  'INSERT INTO ORDERS VALUES (3, 3)',
  'INSERT INTO "Orders" VALUES (3, 3)',
  'INSERT INTO main.orders VALUES (3, 3)',
  'INSERT INTO replica.orders VALUES (3, 3)',
  'INSERT INTO replica.main.orders VALUES (3, 3)',
  'INSERT INTO /* own */ orders VALUES (3, 3)',
  'INSERT INTO own/**/.orders VALUES (3, 3)',
  'INSERT INTO main . orders VALUES (3, 3)',
  'INSERT INTO main\u00a0.orders VALUES (3, 3)',
  'INSERT OR REPLACE INTO orders VALUES (3, 3)',
  'WITH own AS (SELECT 1) INSERT INTO orders SELECT 3, 3',
  'UPDATE orders SET price = 0',
  'UPDATE main.orders AS own SET price = 0',
  'DELETE FROM orders',
  'DELETE FROM orders USING own WHERE true',
  'TRUNCATE orders',
  'TRUNCATE TABLE main.orders',
  'MERGE INTO orders USING own ON false WHEN NOT MATCHED THEN INSERT VALUES (3, 3)',
  'DROP TABLE orders',
  'DROP TABLE IF EXISTS main.orders CASCADE',
  'ALTER TABLE orders RENAME TO stolen',
  'ALTER TABLE orders ADD COLUMN x INTEGER',
  'ALTER TABLE orders ALTER COLUMN id TYPE VARCHAR',
  'CREATE OR REPLACE TABLE orders (id INTEGER)',
  'CREATE INDEX i ON orders (id)',
  "COMMENT ON TABLE orders IS 'x'",
  "COMMENT ON COLUMN orders.id IS 'x'",
  'DELETE FROM _ducktail.tables',
  'DELETE FROM replica._ducktail.tables',
  'DROP SCHEMA _ducktail CASCADE',
  'CREATE TABLE _ducktail.x (id INTEGER)',
  'DROP TABLE _ducktail.tables',
  "CREATE TABLE stolen AS FROM read_text('/etc/passwd')",
  "INSERT INTO own SELECT 1, 1 FROM glob('/etc/*')",
  "INSERT INTO own SELECT 1, 1 FROM query('FROM enable_logging()')",
  'INSERT INTO own SELECT 1, 1 FROM enable_logging()',
  'CREATE VIEW v AS FROM enable_logging()',
  "CREATE VIEW v AS FROM query('FROM force_checkpoint()')",
  'CREATE MACRO m() AS TABLE FROM enable_logging()',
  "CREATE SECRET s (TYPE s3, KEY_ID 'x', SECRET 'y')",
  "ATTACH ':memory:' AS s",
  "COPY own TO '/tmp/ducktail-stolen.csv'",
  "SET memory_limit = '100GB'",
  'PRAGMA enable_verification',
  'CHECKPOINT',
  'INSTALL httpfs',
  'USE temp',
  'BEGIN',
  'COMMIT',
  'ROLLBACK',
  'INSERT INTO own VALUES (8, 8); DROP TABLE orders',
  'PREPARE p AS DELETE FROM orders',
  'SELECT 1',
  '',
];

test(`a writer changes nothing of Ducktail's by any of ${WRITES.length} statements`, async () => {
  await using replica = await openReplica();
  const before = await fingerprint(replica);
  for (const query of WRITES) {
    const statements = [{ query: 'INSERT INTO own VALUES (9, 9)' }, { query }];
    const reply = await replica.post('/api/execute', { statements }, { role: 'writer' });
    assert.equal(reply.status, 400, `${query}: ${reply.status} ${await reply.text()}`);
  }
  assert.deepEqual(await fingerprint(replica), before);
});

const PATHS = [
  '/api/append/..%2f..%2fetc%2fpasswd',
  '/api/append/_ducktail.tables',
  '/api/append/main.orders',
  '/api/append/orders',
  '/api/append/ORDERS',
  '/api/append/own%22%3b%20DROP%20TABLE%20own%3b--',
  "/api/append/read_csv('x')",
  '/api/append/temp.main.x',
  '/api/append/%00own',
  '/api/append/' + 'x'.repeat(600),
  '/api/append//etc/passwd',
  '/api/append/own/../orders',
];

test('no path of an append leads to what is not a client’s', async () => {
  await using replica = await openReplica();
  const before = await fingerprint(replica);
  for (const path of PATHS) {
    const reply = await fetch(`${replica.url}${path}`, {
      method: 'POST',
      headers: { authorization: 'Bearer writer', 'content-type': 'application/x-ndjson' },
      body: '[3, 3]\n',
    });
    assert.ok([400, 404, 414].includes(reply.status), `${path}: ${reply.status}`);
  }
  assert.deepEqual(await fingerprint(replica), before);
});

test('roles are kept apart, whatever the headers say', async () => {
  await using replica = await openReplica();
  const statements = [{ query: 'INSERT INTO own VALUES (9, 9)' }];
  const attempts: Record<string, string>[] = [
    { authorization: 'Bearer reader' },
    { authorization: 'Bearer reader', 'x-forwarded-for': '127.0.0.1', 'x-role': 'admin' },
    { authorization: 'Bearer reader, Bearer admin' },
    { authorization: 'Bearer reader admin' },
    { authorization: 'Basic YWRtaW46YWRtaW4=' },
    { authorization: `Bearer ${Buffer.from(TOKENS[2].digest).toString('hex')}` },
    { authorization: 'Bearer the-admin' },
    { cookie: 'authorization=Bearer admin' },
    { 'x-authorization': 'Bearer admin' },
    { 'x-http-method-override': 'GET', authorization: 'Bearer reader' },
  ];
  for (const headers of attempts) {
    const reply = await fetch(`${replica.url}/api/execute?token=admin&role=admin`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ statements }),
    });
    assert.ok([401, 403].includes(reply.status), JSON.stringify(headers));
  }
  assert.deepEqual(await replica.rows('SELECT count(*)::INT AS n FROM own'), [{ n: 1 }]);
});

test('bodies that are too large, or no JSON, or of another type are refused', async () => {
  await using replica = await openReplica();
  const huge = await replica.post('/api/query', { query: `SELECT '${'x'.repeat(5_000_000)}'` });
  assert.equal(huge.status, 413);
  for (const body of [
    '{',
    '[]',
    '"x"',
    '{"query":1}',
    '{"query":"SELECT 1","other":1}',
    '{"args":[]}',
  ]) {
    assert.equal((await replica.post('/api/query', body)).status, 400, body);
  }
  const nested = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  assert.equal(
    (await replica.post('/api/query', `{"query":"SELECT ?","args":${nested}}`)).status,
    400,
  );
  const deep = `SELECT ${'('.repeat(20_000)}1${')'.repeat(20_000)}`;
  assert.equal((await replica.post('/api/query', { query: deep })).status, 400);
  const poisoned = '{"query":"SELECT 1","__proto__":{"role":"admin"}}';
  assert.equal((await replica.post('/api/query', poisoned)).status, 400);
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
    const reply = await fetch(`${replica.url}/api/query`, {
      method: 'POST',
      headers: { authorization: 'Bearer reader', 'content-type': type },
      body: '{"query":"SELECT 1"}',
    });
    assert.equal(reply.status, 415, type);
  }
  assert.equal(
    (await replica.post('/api/query', { query: 'SELECT ?', args: [1e300, 2] })).status,
    400,
  );
  assert.equal(
    (await replica.post('/api/query', { query: 'SELECT ?', args: [2 ** 60] })).status,
    400,
  );
});

test('what a client breaks off or never ends keeps nobody else waiting', async () => {
  await using replica = await openReplica();
  const { port } = new URL(replica.url);
  const beginnings = [
    'P',
    'PRI * HTT',
    'POST /api/query HTTP/1.1\r\nHost: x\r\n',
    'GET /%00 HTTP/9.9\r\n\r\n',
    '\u0016\u0003\u0001',
  ];
  const sockets = beginnings.map((text) => {
    const socket = connect(Number(port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(text);
    return socket;
  });
  for (const socket of sockets) if (socket.connecting) await once(socket, 'connect');
  const slow = connect(Number(port), '127.0.0.1');
  slow.write(
    'POST /api/query HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer reader\r\n' +
      'Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
  );
  assert.deepEqual(await replica.rows('SELECT 1 AS a'), [{ a: 1 }]);
  for (const socket of [...sockets, slow]) socket.destroy();
  // A client that goes away takes its query with it.
  const controller = new AbortController();
  const query = 'SELECT count(*) FROM range(100000) a, range(100000) b, range(1000) c';
  const gone = fetch(`${replica.url}/api/query`, {
    method: 'POST',
    signal: controller.signal,
    headers: { authorization: 'Bearer reader', 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  while (replica.governor.runningQueries === 0) await replica.rows('SELECT 1 AS a');
  controller.abort();
  await assert.rejects(gone);
  while (replica.governor.runningQueries > 0) await new Promise(setImmediate);
});

test('files of the machine stay where they are', async () => {
  assert.ok((await readFile('/etc/passwd', 'utf8')).includes('root:'));
  for (const name of ['ducktail-stolen.csv', 'ducktail-stolen.parquet', 'ducktail-stolen.duckdb']) {
    await assert.rejects(stat(join('/tmp', name)), { code: 'ENOENT' });
  }
});
