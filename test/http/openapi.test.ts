import assert from 'node:assert/strict';
import test from 'node:test';
import Fastify from 'fastify';
import { ServedReplica } from './support/served-replica.js';

interface Operation {
  readonly summary: string;
  readonly security?: readonly object[];
  readonly requestBody?: { readonly content: Record<string, object> };
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
  readonly responses: Record<
    string,
    { readonly description: string; readonly content: Record<string, { schema: object }> }
  >;
}

interface Document {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
}

type Request = readonly [
  path: string,
  status: number,
  body?: string | undefined,
  headers?: Record<string, string>,
];

const execute = (query: string): string => JSON.stringify({ statements: [{ query }] });
const select = (query: string): string => JSON.stringify({ query });
const reader = { authorization: 'Bearer reader' };
const ndjson = { 'content-type': 'application/x-ndjson' };

/** As a writer, where nothing else is said. */
const REQUESTS: readonly Request[] = [
  ['/healthz', 200],
  ['/readyz', 503],
  ['/api/status', 200],
  ['/api/status', 401, undefined, { authorization: '' }],
  ['/api/ping', 200],
  ['/api/ping', 200, '{}'],
  ['/api/ping', 400, undefined, { 'x-duckdb-connection-string': '/other' }],
  ['/api/execute', 200, execute('CREATE TABLE t (id INTEGER)')],
  ['/api/execute', 200, execute('INSERT INTO t VALUES (1), (2) RETURNING id')],
  ['/api/execute', 400, execute('DROP TABLE _ducktail.tables')],
  ['/api/execute', 400, '{"statements":[]}'],
  ['/api/execute', 403, execute('DROP TABLE t'), reader],
  ['/api/append/t', 200, '[1]\n', ndjson],
  ['/api/append/t', 400, '["x"]\n', ndjson],
  ['/api/append/none', 400, '[1]\n', ndjson],
  ['/api/append/t', 415, '[1]\n'],
  ['/api/append', 200, '[1]\n', { ...ndjson, 'x-duckdb-table': 't' }],
  ['/api/query', 200, select('SELECT id, 1.5 AS d, NULL AS n FROM t')],
  ['/api/query', 200, select('SELECT id FROM t'), { accept: 'application/x-ndjson' }],
  ['/api/query', 200, select('SELECT id FROM t'), { accept: 'text/csv' }],
  ['/api/query', 200, select('FROM t'), { accept: 'application/vnd.apache.arrow.stream' }],
  ['/api/query', 200, select('FROM t'), { accept: 'application/vnd.apache.parquet' }],
  ['/api/query', 400, select('SELEC')],
  ['/api/query', 406, select('SELECT 1'), { accept: 'image/png' }],
  ['/api/query', 413, select('x'.repeat(5_000_000))],
  ['/api/query', 415, 'SELECT 1', { 'content-type': 'text/plain' }],
  ['/api/query', 422, select("SELECT repeat('x', 3000) FROM range(1000)")],
];

test('the OpenAPI document says of every route what it takes and what really comes', async () => {
  await using replica = await ServedReplica.open({ limits: { resultBytes: 1_000_000 } });
  const { paths, openapi } = (await (
    await fetch(`${replica.url}/openapi.json`)
  ).json()) as Document;
  assert.equal(openapi, '3.1.0');
  const validate = validator();
  const asked = new Set<string>();
  for (const [path, status, body, headers = {}] of REQUESTS) {
    const method = body === undefined ? 'get' : 'post';
    const template = path.replace(/^\/api\/append\/.+/, '/api/append/{table}');
    const what = `${method} ${path} ${status}`;
    asked.add(`${method} ${template}`);
    const operation = paths[template][method];
    const reply = await fetch(replica.url + path, {
      method,
      headers: { authorization: 'Bearer writer', 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body }),
    });
    const text = await reply.text();
    assert.equal(reply.status, status, `${what}: ${text}`);
    const told = operation.responses[status];
    assert.ok(told, `${what} is not told of`);
    const [type] = (reply.headers.get('content-type') ?? '').split(';');
    assert.ok(told.content[type], `${what} came as ${type}`);
    if (type === 'application/json') await validate(told.content[type].schema, text, what);
    if (body !== undefined && path !== '/api/ping' && status === 200) {
      const taken = { 'content-type': 'application/json', ...headers }['content-type'];
      assert.ok(operation.requestBody?.content[taken], `${what} took ${taken}`);
    }
  }
  const all = Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method} ${path}`),
  );
  assert.deepEqual([...asked].sort(), all.sort());
});

test('the document is one that its readers understand', async () => {
  await using replica = await ServedReplica.open();
  const { paths } = (await (await fetch(`${replica.url}/openapi.json`)).json()) as Document;
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, { summary, responses, parameters = [], security }] of Object.entries(
      operations,
    )) {
      const what = `${method} ${path}`;
      assert.ok(summary, what);
      const names = parameters.filter((parameter) => parameter.in === 'path');
      assert.deepEqual(
        names.map(({ name }) => `{${name}}`),
        path.match(/\{\w+\}/g) ?? [],
      );
      const isOpen = security?.length === 0;
      assert.equal(isOpen, !('401' in responses), what);
      for (const [status, { description, content }] of Object.entries(responses)) {
        assert.ok(description !== 'Default Response', `${what} ${status}`);
        for (const { schema } of Object.values(content)) assert.ok('type' in schema, what);
      }
    }
  }
});

/** What checks requests can check answers as well. */
function validator(): (schema: object, text: string, what: string) => Promise<void> {
  const app = Fastify({ ajv: { customOptions: { coerceTypes: false, allowUnionTypes: true } } });
  app.post<{ Body: { schema: object; text: string } }>('/', (request, reply) =>
    reply.send({
      isValid: request.validateInput(JSON.parse(request.body.text), request.body.schema),
    }),
  );
  return async (schema, text, what) => {
    const reply = await app.inject({ method: 'POST', url: '/', payload: { schema, text } });
    assert.deepEqual(reply.json(), { isValid: true }, `${what}: ${text}`);
  };
}
