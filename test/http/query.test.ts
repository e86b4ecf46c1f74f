import assert from 'node:assert/strict';
import { connect as connectOverHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import test from 'node:test';
import { RESULT_FORMATS } from '../../src/http/media-types.js';
import { recordStreamPosition } from '../../src/state/stream.js';
import { requestOverHttp2 } from './support/http2-request.js';
import { ServedReplica } from './support/served-replica.js';

test('a query is answered with its columns, rows and stamp', async () => {
  await using replica = await ServedReplica.open();
  const { database } = replica;
  await database.transaction(async () => {
    await database.run(`CREATE TABLE t (id BIGINT, "na""me" VARCHAR, price DECIMAL(12, 2))`);
    await database.run(`INSERT INTO t VALUES (9007199254740993, 'é', 1.50), (2, NULL, NULL)`);
    await recordStreamPosition(database, 'main', {
      sourceIdentity: 'x',
      checkpoint: { file: 'binlog.000001', position: 4711, gtidSet: 'a:1-5' },
      sourceTimeMs: 1000,
    });
  });
  const reply = await replica.post('/api/query', {
    query: 'SELECT *, 1 AS id FROM t WHERE t.id > ? OR price IS NULL ORDER BY 1 DESC',
    args: [5],
  });
  const freshness = {
    binlog: { file: 'binlog.000001', position: 4711 },
    gtidSet: 'a:1-5',
    sourceTime: '1970-01-01T00:00:01.000Z',
    except: [],
  };
  assert.deepEqual(await reply.json(), {
    columns: [
      { name: 'id', type: 'BIGINT' },
      { name: 'na"me', type: 'VARCHAR' },
      { name: 'price', type: 'DECIMAL(12,2)' },
      { name: 'id_1', type: 'INTEGER' },
    ],
    freshness,
    rows: [
      { id: '9007199254740993', 'na"me': 'é', price: '1.50', id_1: 1 },
      { id: '2', 'na"me': null, price: null, id_1: 1 },
    ],
    error: null,
  });
  assert.equal(reply.status, 200);
  assert.deepEqual(JSON.parse(reply.headers.get('ducktail-freshness') ?? ''), freshness);
});

test('large results come whole, in each text form', async () => {
  await using replica = await ServedReplica.open();
  const query = `SELECT range AS n, repeat('x', 50) AS t FROM range(100000)`;
  const rows = await replica.rows(query);
  assert.equal(rows.length, 100_000);
  assert.deepEqual(rows[99_999], { n: '99999', t: 'x'.repeat(50) });
  const ndjson = await replica.post('/api/query', { query }, { accept: 'application/x-ndjson' });
  assert.equal(ndjson.headers.get('content-type'), 'application/x-ndjson');
  const lines = (await ndjson.text()).split('\n');
  assert.equal(lines.length, 100_001);
  assert.deepEqual(JSON.parse(lines[5]), { n: '5', t: 'x'.repeat(50) });
  const csv = await replica.post('/api/query', { query }, { accept: 'text/csv' });
  assert.equal((await csv.text()).split('\r\n').length, 100_002);
});

test('CSV tells NULL from an empty text, and quotes what it must', async () => {
  await using replica = await ServedReplica.open();
  const query = `SELECT NULL AS a, '' AS b, 'x,"y"' AS "c,d", [1, 2] AS e, 1.5::DOUBLE AS f`;
  const reply = await replica.post('/api/query', { query }, { accept: 'text/csv' });
  assert.equal(await reply.text(), 'a,b,"c,d",e,f\r\n,"","x,""y""","[1,2]",1.5\r\n');
});

test('a result beyond the limit is refused, or breaks off', async () => {
  await using replica = await ServedReplica.open({ limits: { resultBytes: 200_000 } });
  const query = `SELECT repeat('x', 1000) FROM range(10000)`;
  const early = await replica.post('/api/query', { query });
  assert.equal(early.status, 422);
  assert.match(await early.text(), /larger than/);
});

test('a query that takes too long is interrupted, and the reason told', async () => {
  await using replica = await ServedReplica.open({ limits: { timeoutMs: 200 } });
  const query = 'SELECT count(*) FROM range(100000) a, range(100000) b, range(1000) c';
  await assert.rejects(replica.rows(query), /422: the query took more than 200 ms/);
  assert.deepEqual(await replica.rows('SELECT 1 AS a'), [{ a: 1 }]);
});

test('queries wait for their turn, and too many are turned away', async () => {
  await using replica = await ServedReplica.open({
    limits: { maxConcurrent: 1, queueMax: 1, timeoutMs: 1000 },
  });
  const query = 'SELECT count(*) FROM range(100000) a, range(100000) b, range(1000) c';
  const replies = await Promise.all([1, 2, 3].map(() => replica.post('/api/query', { query })));
  const statuses = replies.map(({ status }) => status).sort();
  assert.deepEqual(statuses, [422, 422, 503]);
  const turnedAway = replies.find(({ status }) => status === 503);
  assert.equal(turnedAway?.headers.get('retry-after'), '1');
});

/** What DuckDB only finds out when the first rows are sent already. */
const LATE = `SELECT CASE WHEN range = 250000 THEN error('late') ELSE range END AS r FROM range(300000)`;

test('a query that fails amid its rows is never taken for a whole one', async () => {
  await using replica = await ServedReplica.open();
  for (const format of Object.values(RESULT_FORMATS)) {
    const reply = await replica.post('/api/query', { query: LATE }, { accept: format });
    if (reply.status === 200) await assert.rejects(reply.arrayBuffer(), format);
    else assert.match(await reply.text(), /late/);
  }
  const { port, hostname } = new URL(replica.url);
  const body = JSON.stringify({ query: LATE });
  const socket = connect(Number(port), hostname);
  socket.write(
    `POST /api/query HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer reader\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  const received = await text(socket);
  assert.match(
    received,
    /\],"error":"the query failed amid its rows, which are not whole"\}\n\r\n$/,
  );
  const session = connectOverHttp2(replica.url);
  const headers = { authorization: 'Bearer reader', 'content-type': 'application/json' };
  await assert.rejects(
    requestOverHttp2(session, { ':method': 'POST', ':path': '/api/query', ...headers }, body),
  );
  session.destroy();
  const small = `SELECT CASE WHEN range = 4000 THEN error('late') ELSE range END FROM range(5000)`;
  assert.equal((await replica.post('/api/query', { query: small })).status, 400);
  assert.deepEqual(await replica.rows('SELECT 1 AS a'), [{ a: 1 }]);
});
