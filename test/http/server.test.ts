import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { connect } from 'node:http2';
import { get as getOverTls } from 'node:https';
import { type AddressInfo, connect as connectSocket } from 'node:net';
import test from 'node:test';
import { connect as connectOverTls } from 'node:tls';
import { promisify } from 'node:util';
import { createLogger } from '../../src/common/logger.js';
import { HttpServer, type HttpServerOptions } from '../../src/http/http-server.js';
import { createSplitServer } from '../../src/http/split-server.js';
import { statusRoutes } from '../../src/http/status-routes.js';
import { makeCertificate } from '../helpers/certificate.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { requestOverHttp2 } from './support/http2-request.js';

const TOKEN = 'a-token';
const tokens = [
  { name: 'r', role: 'reader', digest: createHash('sha256').update(TOKEN).digest() },
] as const;

async function openServer(
  options: Partial<HttpServerOptions> = {},
  checkHealth = (): Promise<void> => Promise.resolve(),
): Promise<HttpServer> {
  const logger = await createLogger({ level: 'silent', format: 'json', colors: false });
  return HttpServer.open(
    {
      host: '127.0.0.1',
      port: 0,
      tls: null,
      tokens: [],
      rateLimit: 1000,
      longestMs: 1000,
      version: '0.0.0',
      duckdbPath: '/replica.duckdb',
      logger,
      ...options,
    },
    [
      statusRoutes({
        status: () => Promise.resolve({ service: null }),
        checkHealth,
        findLacks: () => Promise.resolve(['a table']),
      }),
    ],
  );
}

test('one port answers HTTP/1.1 and HTTP/2', async () => {
  await using server = await openServer();
  for (let at = 0; at < 2; at++) {
    const reply = await fetch(`${server.url}/api/ping`);
    assert.deepEqual([reply.status, await reply.json()], [200, { ok: true }]);
  }
  const session = connect(server.url);
  for (let at = 0; at < 2; at++) {
    const { status, body } = await requestOverHttp2(session, { ':path': '/api/ping' });
    assert.deepEqual([status, JSON.parse(body)], [200, { ok: true }]);
  }
  session.destroy();
});

test('TLS: both protocols by ALPN', async () => {
  await using folder = await TempFolder.open();
  const { cert, key } = makeCertificate(folder.path);
  const tls = { cert: await readFile(cert), key: await readFile(key) };
  await using server = await openServer({ tls });
  const { port } = new URL(server.url);
  assert.ok(server.url.startsWith('https://'));
  const session = connect(`https://localhost:${port}`, { ca: tls.cert });
  const { status, body } = await requestOverHttp2(session, { ':path': '/api/ping' });
  assert.deepEqual([session.alpnProtocol, status, body], ['h2', 200, '{"ok":true}']);
  session.destroy();
  const answer = await new Promise<string>((resolve, reject) => {
    const options = { ca: tls.cert, agent: false, ALPNProtocols: ['http/1.1'] };
    getOverTls(`https://localhost:${port}/api/ping`, options, (reply) => {
      reply.resume();
      resolve(`${reply.httpVersion} ${reply.statusCode ?? 0}`);
    }).on('error', reject);
  });
  assert.equal(answer, '1.1 200');
});

test('a request may take as long as its rows need, over TLS as well', async () => {
  await using folder = await TempFolder.open();
  const { cert, key } = makeCertificate(folder.path);
  const files = { cert: await readFile(cert), key: await readFile(key) };
  const { server } = createSplitServer(() => undefined, files, 5000);
  const { requestTimeout, headersTimeout, timeout } = server as unknown as Server;
  assert.deepEqual([requestTimeout, headersTimeout, timeout], [0, 20_000, 5000]);
});

for (const isTls of [false, true]) {
  test(`headers that never end don't hold a connection${isTls ? ' over TLS' : ''}`, async () => {
    await using folder = await TempFolder.open();
    const { cert, key } = makeCertificate(folder.path);
    const tls = isTls ? { cert: await readFile(cert), key: await readFile(key) } : null;
    const split = createSplitServer(() => undefined, tls, 60_000, 200);
    await once(split.server.listen(0, '127.0.0.1'), 'listening');
    const { port } = split.server.address() as AddressInfo;
    const socket = isTls
      ? connectOverTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
      : connectSocket(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write('GET / HTTP/1.1\r\nHost: x\r\nX-A: ');
    const drip = setInterval(() => socket.write('x'), 50);
    await once(socket.resume(), 'close');
    clearInterval(drip);
    split.closeConnections();
    await promisify(split.server.close.bind(split.server))();
  });
}

test('more requests than a token may make in a minute are turned away', async () => {
  await using server = await openServer({ tokens, rateLimit: 3 });
  const statuses: number[] = [];
  for (let at = 0; at < 4; at++) {
    const reply = await fetch(`${server.url}/api/status`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    statuses.push(reply.status);
    const { error } = (await reply.json()) as { error?: string };
    if (at === 3) {
      assert.match(error ?? '', /too many requests/);
      assert.ok(Number(reply.headers.get('retry-after')) > 0);
    }
  }
  assert.deepEqual(statuses, [200, 200, 200, 429]);
});

test('what is not healthy or not ready says so by 503, and tells strangers no more', async () => {
  const lost = (): Promise<never> => Promise.reject(new Error('a secret of the file'));
  await using server = await openServer({}, lost);
  for (const [path, answer] of [
    ['/healthz', { healthy: false }],
    ['/readyz', { ready: false, lacks: 1 }],
  ] as const) {
    const reply = await fetch(`${server.url}${path}`);
    assert.deepEqual([reply.status, await reply.json()], [503, answer]);
  }
  await using healthy = await openServer();
  const reply = await fetch(`${healthy.url}/healthz`);
  assert.deepEqual([reply.status, await reply.json()], [200, { healthy: true }]);
});

test('a client that asks for an upgrade to HTTP/2 is answered as it asked', async () => {
  await using server = await openServer();
  const { request } = await import('node:http');
  const status = await new Promise<string>((resolve, reject) => {
    const headers = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': '' };
    request(`${server.url}/api/ping`, { headers }, (reply) => {
      reply.resume();
      resolve(`${reply.httpVersion} ${reply.statusCode ?? 0}`);
    })
      .on('error', reject)
      .end();
  });
  assert.equal(status, '1.1 200');
});

test('tokens are asked for, and what is wrong with one is told', async () => {
  await using server = await openServer({ tokens });
  const status = async (authorization?: string): Promise<number> => {
    const headers = authorization === undefined ? {} : { authorization };
    const reply = await fetch(`${server.url}/api/status`, { headers });
    assert.ok(!JSON.stringify([...reply.headers]).includes(TOKEN));
    return reply.status;
  };
  assert.equal(await status(), 401);
  assert.equal(await status('Bearer other'), 401);
  assert.equal(await status(`Basic ${TOKEN}`), 401);
  assert.equal(await status(tokens[0].digest.toString('hex')), 401);
  assert.equal(await status(`Bearer ${TOKEN}`), 200);
});

test('the OpenAPI document lists the routes', async () => {
  await using server = await openServer();
  const reply = await fetch(`${server.url}/openapi.json`);
  const { openapi, paths } = (await reply.json()) as { openapi: string; paths: object };
  assert.equal(openapi, '3.1.0');
  assert.deepEqual(Object.keys(paths), ['/healthz', '/readyz', '/api/status', '/api/ping']);
});
