import assert from 'node:assert/strict';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { errorMessage } from '../../src/common/errors.js';
import { BOMBS, READS } from './support/reader-attempts.js';
import { ServedReplica, TOKENS } from './support/served-replica.js';
import { WRITES } from './support/writer-attempts.js';

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
    await database.run('CREATE SEQUENCE s');
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

test(`the service outlives ${BOMBS.length} statements that are too much for DuckDB`, async () => {
  await using replica = await openReplica();
  for (const query of BOMBS) {
    const reply = await replica.post('/api/query', { query });
    assert.equal(reply.status, 400, `${query.slice(0, 100)}: ${await reply.text()}`);
  }
  const fitting = `SELECT json_transform('{"a": [1]}', '{"a": ["INTEGER"]}').a AS a`;
  assert.deepEqual(await replica.rows(fitting), [{ a: [1] }]);
});

test('files that the service itself may open are open to no client', async () => {
  await using replica = await openReplica();
  const { database } = replica;
  const folder = `${database.path}.exports`;
  const other = `${folder}/other`;
  await mkdir(folder, { recursive: true });
  await database.run(`COPY (SELECT 'secret' AS x) TO '${other}.parquet'`);
  await database.run(`COPY (SELECT 'secret' AS x) TO '${other}.csv'`);
  const names = [
    `'${other}.parquet'`,
    `'${folder}/*.parquet'`,
    `'${other}.csv'`,
    `"${other}".parquet`,
    `"${other}".csv`,
    `main."${other}.parquet"`,
    `'${folder}/../replica.duckdb.exports/other.parquet'`,
    `'${database.compactedPath}'`,
  ];
  for (const name of names) {
    for (const query of [
      `FROM ${name}`,
      `DESCRIBE ${name}`,
      `SUMMARIZE ${name}`,
      `WITH x AS (FROM ${name}) FROM x`,
      `SELECT (SELECT x FROM ${name})`,
      `EXPLAIN FROM ${name}`,
    ]) {
      const reply = await replica.post('/api/query', { query });
      assert.equal(reply.status, 400, `${query}: ${await reply.text()}`);
    }
    for (const query of [
      `INSERT INTO own (id) SELECT 1 FROM ${name}`,
      `CREATE VIEW v AS FROM ${name}`,
    ]) {
      const reply = await replica.post(
        '/api/execute',
        { statements: [{ query }] },
        { role: 'writer' },
      );
      assert.equal(reply.status, 400, `${query}: ${await reply.text()}`);
    }
  }
  // A view must not come to mean a file when the table that it was made for is gone.
  const table = `"${folder}/*.parquet"`;
  const execute = (query: string): Promise<Response> =>
    replica.post('/api/execute', { statements: [{ query }] }, { role: 'writer' });
  assert.equal((await execute(`CREATE TABLE ${table} AS SELECT 'own' AS x`)).status, 200);
  assert.equal((await execute(`CREATE VIEW v AS SELECT x FROM ${table}`)).status, 200);
  assert.deepEqual(await replica.rows(`SELECT x FROM ${table}`), [{ x: 'own' }]);
  assert.deepEqual(await replica.rows(`SELECT x FROM replica.${table}`), [{ x: 'own' }]);
  assert.equal((await execute(`DROP TABLE ${table}`)).status, 400);
  assert.equal((await execute(`ALTER TABLE ${table} RENAME TO x`)).status, 400);
  assert.deepEqual(await replica.rows('FROM v'), [{ x: 'own' }]);
});

test('DuckDB itself changes no setting but those of the service, and of a client’s none', async () => {
  await using replica = await openReplica();
  const [{ names }] = (await replica.database.rows(
    `SELECT list(name) AS names FROM duckdb_settings() WHERE scope = 'GLOBAL'`,
  )) as { names: string[] }[];
  const open: string[] = [];
  for (const name of names) {
    try {
      await replica.database.run(`RESET GLOBAL "${name}"`);
      open.push(name);
    } catch (error) {
      const { cause } = error as Error;
      assert.match(errorMessage(cause ?? error), /the configuration has been locked/, name);
    }
  }
  assert.deepEqual(open.sort(), [
    'checkpoint_threshold',
    'max_memory',
    'memory_limit',
    'threads',
    'wal_autocheckpoint',
    'worker_threads',
  ]);
  for (const name of names) {
    for (const query of [`SET "${name}" = '1'`, `RESET "${name}"`, `PRAGMA "${name}" = '1'`]) {
      assert.equal((await replica.post('/api/query', { query })).status, 400, query);
    }
  }
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

test('without tokens no page of another site is served, under whatever name', async () => {
  await using replica = await ServedReplica.open({ server: { tokens: [] } });
  const { port } = new URL(replica.url);
  const own = `127.0.0.1:${port}`;
  const attempts: readonly (readonly [status: number, headers: Record<string, string>])[] = [
    [200, {}],
    [200, { host: 'LOCALHOST' }],
    [200, { host: '[::1]:8080' }],
    [200, { origin: `http://${own}` }],
    [200, { origin: `http://${own}`, 'sec-fetch-site': 'same-origin' }],
    [403, { host: 'evil.example' }],
    [403, { host: '127.0.0.1.evil.example' }],
    [403, { host: `evil.example:${port}` }],
    [403, { 'sec-fetch-site': 'cross-site' }],
    // Another port of this machine.
    [403, { 'sec-fetch-site': 'same-site' }],
    // Browsers that say no more than this.
    [403, { origin: 'http://evil.example' }],
    [403, { origin: 'http://127.0.0.1:1' }],
    [403, { origin: 'null' }],
  ];
  for (const [status, headers] of attempts) {
    const outgoing = request(`${replica.url}/api/query`, {
      method: 'POST',
      headers: { host: own, 'content-type': 'application/json', ...headers },
    });
    outgoing.end('{"query":"SELECT 1"}');
    const [reply] = (await once(outgoing, 'response')) as [IncomingMessage];
    reply.resume();
    assert.equal(reply.statusCode, status, JSON.stringify(headers));
    assert.equal(reply.headers['access-control-allow-origin'], undefined);
  }
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
