import assert from 'node:assert/strict';
import { connect } from 'node:http2';
import test from 'node:test';
import { requestOverHttp2 } from './support/http2-request.js';
import { ServedReplica } from './support/served-replica.js';

async function openReplica(ddl: string): Promise<ServedReplica> {
  const replica = await ServedReplica.open();
  const reply = await replica.post(
    '/api/execute',
    { statements: [{ query: ddl }] },
    { role: 'writer' },
  );
  if (reply.status !== 200) {
    const text = await reply.text();
    await replica[Symbol.asyncDispose]();
    throw new Error(text);
  }
  return replica;
}

function append(
  { url }: ServedReplica,
  body: string | Uint8Array,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${url}/api/append/t`, {
    method: 'POST',
    headers: { authorization: 'Bearer writer', 'content-type': 'application/x-ndjson', ...headers },
    body,
  });
}

test('arrays and objects are appended, exactly', async () => {
  await using replica = await openReplica(
    `CREATE TABLE t (id BIGINT, d DECIMAL(38, 10), ts TIMESTAMP, day DATE, txt VARCHAR, b BOOLEAN,
       j JSON, l INTEGER[], bin BLOB, f DOUBLE, tm TIME)`,
  );
  const reply = await append(
    replica,
    `["9223372036854775807","1234567890123456789012345678.0123456789","2024-01-02T03:04:05.123456Z","2024-01-02","é\\n","true",{"a":[1]},[1,2],"\\\\x00\\\\xff",1.5,"03:04:05"]\n` +
      `\n{"id":1,"day":"2024-01-02T00:00:00Z","tm":"2024-01-02T03:04:05Z","b":false}\n{"rv":[2,null,null,null,null,null,null,null,null,null,null]}`,
  );
  assert.deepEqual([reply.status, await reply.json()], [200, { rowsAppended: 3, error: null }]);
  const rows = await replica.rows('SELECT * FROM t ORDER BY id DESC');
  assert.deepEqual(rows[0], {
    id: '9223372036854775807',
    d: '1234567890123456789012345678.0123456789',
    ts: '2024-01-02 03:04:05.123456',
    day: '2024-01-02',
    txt: 'é\n',
    b: true,
    j: '{"a":[1]}',
    l: [1, 2],
    bin: '\\x00\\xFF',
    f: 1.5,
    tm: '03:04:05',
  });
  assert.equal(rows[1].id, '2');
  assert.deepEqual([rows[2].day, rows[2].tm, rows[2].b], ['2024-01-02', '03:04:05', false]);
});

test('numbers are as exact as they are written', async () => {
  await using replica = await openReplica(
    'CREATE TABLE t (u UBIGINT, d DECIMAL(38, 9), i INTEGER)',
  );
  const reply = await append(
    replica,
    '[18446744073709551615,12345678901234567890123456789.123456789,1.0]\n[1,1e3,2e0]\n',
  );
  assert.equal(reply.status, 200, await reply.text());
  assert.deepEqual(await replica.rows('FROM t ORDER BY u DESC'), [
    { u: '18446744073709551615', d: '12345678901234567890123456789.123456789', i: 1 },
    { u: '1', d: '1000.000000000', i: 2 },
  ]);
});

const BAD: readonly (readonly [rows: string | Uint8Array, message: RegExp])[] = [
  ['[1,"a"]\n[2]\n', /^line 2: it has 1 values/],
  ['[1,"a"]\n\n[2,"b"\n', /^line 3: it is no JSON/],
  ['[1,"a"]\n3\n', /^line 2: it is neither/],
  ['{"id":1}\n{"no":1}\n', /^line 2: the table has no column "no"/],
  ['[1,"a"]\n["x","b"]\n["y","c"]\n', /^line 2: column id can't hold/],
  ['[1,"a"]\n[1.5,"b"]\n', /^line 2: column id can't hold/],
  ['[1,"a"]\n[null,"b"]\n', /^line 2: column id can't hold/],
  ['[1,"a"]\n[3,"b"]\n[2,"c"]\n[3,"d"]\n[3,"e"]\n', /^line 4: .*[Dd]uplicate key/],
  ['[1,"a"]\n[12345678901234567890,"b"]\n', /^line 2: column id can't hold/],
  ['[1,"a"]\n[1e-1,"b"]\n', /^line 2: column id can't hold/],
  [Buffer.from('[1,"a"]\n[2,"\xff"]\n', 'latin1'), /^line 2: it is not UTF-8/],
];

test('a bad row is named by its line, and nothing is kept', async () => {
  await using replica = await openReplica('CREATE TABLE t (id INTEGER PRIMARY KEY, v VARCHAR)');
  for (const [body, message] of BAD) {
    const reply = await append(replica, body);
    const { error } = (await reply.json()) as { error: string };
    assert.equal(reply.status, 400, error);
    assert.match(error, message);
  }
  assert.deepEqual(await replica.rows('FROM t'), []);
  assert.equal((await append(replica, '[1]', { 'content-type': 'text/plain' })).status, 415);
});

test('a stream that breaks off leaves nothing', async () => {
  await using replica = await openReplica('CREATE TABLE t (id INTEGER)');
  const session = connect(replica.url);
  const stream = session.request({
    ':method': 'POST',
    ':path': '/api/append/t',
    authorization: 'Bearer writer',
    'content-type': 'application/x-ndjson',
  });
  stream.on('error', () => undefined);
  stream.write('[1]\n'.repeat(10_000));
  await new Promise((resolve) => stream.write('[2]\n', resolve));
  stream.destroy();
  session.destroy();
  const other = await append(replica, '[3]\n');
  assert.equal(other.status, 200);
  assert.deepEqual(await replica.rows('FROM t'), [{ id: 3 }]);
});

test('ducktape’s calls work where its connection string is our file', async () => {
  await using replica = await ServedReplica.open({ server: { tokens: [] } });
  const session = connect(replica.url);
  const base = { 'x-duckdb-connection-string': replica.database.path };
  const call = async (path: string, body: string, headers: Record<string, string> = {}) =>
    requestOverHttp2(
      session,
      { ':method': 'POST', ':path': path, 'content-type': 'application/json', ...base, ...headers },
      body,
    );
  const ping = await requestOverHttp2(session, { ':path': '/api/ping', ...base });
  assert.equal(ping.status, 200);
  const executed = await call(
    '/api/execute',
    JSON.stringify({
      statements: [
        { query: 'CREATE TABLE users (name TEXT, age INTEGER)', args: null },
        { query: 'INSERT INTO users VALUES (?, ?)', args: ['Alice', 30] },
      ],
    }),
  );
  assert.deepEqual(JSON.parse(executed.body), { rowsAffected: 1, error: null });
  const appended = await call('/api/append', '{"rv":["Bob",25]}\n{"rv":["Eve",null]}\n', {
    'content-type': 'application/octet-stream',
    'x-duckdb-database': 'replica',
    'x-duckdb-schema': 'main',
    'x-duckdb-table': 'users',
  });
  assert.deepEqual(JSON.parse(appended.body), { rowsAppended: 2, error: null });
  const queried = await call('/api/query', '{"query":"FROM users ORDER BY age","args":null}');
  const { rows, error } = JSON.parse(queried.body) as { rows: unknown; error: unknown };
  assert.equal(error, null);
  assert.deepEqual(rows, [
    { name: 'Bob', age: 25 },
    { name: 'Alice', age: 30 },
    { name: 'Eve', age: null },
  ]);
  const other = await call('/api/query', '{"query":"SELECT 1"}', {
    'x-duckdb-connection-string': '/somewhere/else.duckdb',
  });
  assert.equal(other.status, 400);
  session.destroy();
});
