import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import path from 'node:path';
import test from 'node:test';
import { DucktailError } from '../../src/common/errors.js';
import { ControlClient } from '../../src/service/control-client.js';
import type { QueryEvent } from '../../src/service/control-protocol.js';
import {
  type ControlCall,
  type ControlHandlers,
  ControlServer,
} from '../../src/service/control-server.js';
import type { Status } from '../../src/service/status.js';
import { TempFolder } from '../helpers/temp-folder.js';

const STATUS: Status = { service: { pid: 1, state: 'waiting' }, cdc: null, tables: [] };
const refuse = (): Promise<never> => Promise.reject(new Error('not in this test'));

interface Control extends AsyncDisposable {
  readonly folder: TempFolder;
  readonly duckdbPath: string;
  readonly socketPath: string;
  readonly server: ControlServer;
  readonly defects: Error[];
}

async function openControl(
  handlers: Partial<ControlHandlers> = {},
  name = 'r.duckdb',
): Promise<Control> {
  const folder = await TempFolder.open();
  const duckdbPath = folder.file(name);
  const socketPath = `${duckdbPath}.sock`;
  // What a crash may have left there.
  await writeFile(socketPath, '');
  const defects: Error[] = [];
  const server = await ControlServer.open({
    path: socketPath,
    handlers: {
      status: () => Promise.resolve(STATUS),
      query: refuse,
      sync: refuse,
      verify: refuse,
      backup: refuse,
      compact: refuse,
      ...handlers,
    },
    onDefect: (error) => defects.push(error),
  });
  return {
    folder,
    duckdbPath,
    socketPath,
    server,
    defects,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function find(duckdbPath: string): Promise<ControlClient> {
  const client = await ControlClient.find(duckdbPath);
  assert.ok(client);
  return client;
}

for (const name of ['r.duckdb', `${'x'.repeat(120)}.duckdb`]) {
  test(`a call is answered, also at a path of ${name.length} characters`, async () => {
    await using control = await openControl({}, name);
    assert.equal((await stat(control.socketPath)).mode & 0o777, 0o600);
    using client = await find(control.duckdbPath);
    for (let at = 0; at < 2; at++) {
      assert.deepEqual(await client.call<'status'>({ call: 'status' }, () => undefined), STATUS);
    }
    await control.server[Symbol.asyncDispose]();
    assert.deepEqual(await readdir(control.folder.path), []);
    assert.equal(await ControlClient.find(control.duckdbPath), null);
  });
}

test('nobody listens where there is no socket, or a stale one', async () => {
  await using folder = await TempFolder.open();
  assert.equal(await ControlClient.find(folder.file('none.duckdb')), null);
  await writeFile(folder.file('r.duckdb.sock'), '');
  assert.equal(await ControlClient.find(folder.file('r.duckdb')), null);
});

test('errors come as they were, and defects are told on both sides', async () => {
  const failures = [
    new DucktailError('query-failed', 'no', { hint: 'do this', table: 't' }),
    new Error('a defect'),
  ];
  await using control = await openControl({
    query: ({ sql }) => Promise.reject(failures[Number(sql)]),
  });
  using client = await find(control.duckdbPath);
  await assert.rejects(client.query('0'), {
    name: 'DucktailError',
    code: 'query-failed',
    message: 'no',
    hint: 'do this',
    table: 't',
  });
  await assert.rejects(client.query('1'), (error: Error) => {
    assert.ok(!(error instanceof DucktailError));
    assert.equal(error.message, 'a defect');
    return true;
  });
  assert.deepEqual(control.defects, [failures[1]]);
});

/** Enough for every buffer on the way. */
const ROW = ['x'.repeat(100_000)];
const MANY = 1000;

test('a client that does not take its rows stops their sender', async () => {
  let sent = 0;
  let left: DucktailError | null = null;
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const query = async (
    _request: unknown,
    { send, signal }: Pick<ControlCall<QueryEvent>, 'send' | 'signal'>,
  ): Promise<null> => {
    while (sent < MANY && !signal.aborted) {
      await send({ rows: [ROW] });
      sent++;
    }
    left = signal.reason as DucktailError;
    end();
    return null;
  };
  await using control = await openControl({ query });
  const socket = await connected(control.socketPath);
  socket.pause();
  socket.write(`${JSON.stringify({ call: 'query', sql: '' })}\n`);
  // Other clients are answered meanwhile.
  using client = await find(control.duckdbPath);
  await client.call<'status'>({ call: 'status' }, () => undefined);
  socket.destroy();
  await ended;
  assert.ok(sent < MANY, `${sent} sent`);
  assert.equal((left as DucktailError | null)?.message, 'the client went away');
});

test('a stop ends calls, and waits for their end', async () => {
  let isEnded = false;
  await using control = await openControl({
    query: async (_request, { signal }) => {
      await once(signal, 'abort');
      await Promise.resolve();
      isEnded = true;
      throw signal.reason;
    },
  });
  using client = await find(control.duckdbPath);
  const call = assert.rejects(client.query(''), {
    code: 'aborted',
    message: /service is stopping/,
  });
  // So that the call has begun.
  using other = await find(control.duckdbPath);
  await other.call<'status'>({ call: 'status' }, () => undefined);
  await control.server[Symbol.asyncDispose]();
  assert.ok(isEnded);
  await call;
});

test('a service that vanishes is told', async () => {
  await using folder = await TempFolder.open();
  const duckdbPath = folder.file('r.duckdb');
  const server = createServer((socket) => {
    socket.once('data', () => socket.destroy());
  });
  server.listen(`${duckdbPath}.sock`);
  await once(server, 'listening');
  using client = await find(duckdbPath);
  await assert.rejects(client.query('SELECT 1'), { code: 'service-lost' });
  server.close();
  await once(server, 'close');
  await assert.rejects(client.query('SELECT 1'), { code: 'service-lost' });
});

const NONSENSE = ['GET / HTTP/1.1', '{}', '{"call":"drop"}', '{"call":"query"}', ''];

for (const line of NONSENSE) {
  test(`'${line}' is no request`, async () => {
    await using control = await openControl();
    const socket = await connected(control.socketPath);
    socket.write(`${line}\n`);
    const [answer] = (await once(socket, 'data')) as [string];
    assert.match(answer, /"code":"configuration","message":"the service does not understand/);
    await once(socket, 'close');
    assert.deepEqual(control.defects, []);
  });
}

async function connected(socketPath: string): Promise<Socket> {
  const socket = connect(path.resolve(socketPath));
  socket.setEncoding('utf8');
  await once(socket, 'connect');
  return socket;
}
