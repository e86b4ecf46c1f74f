import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import test from 'node:test';
import { assertSameData } from '../helpers/compare.js';
import { runDucktail } from '../helpers/ducktail.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { DucktailChild } from './support/ducktail-child.js';
import type { HookPlan } from './support/hook-plan.js';
import { Service } from './support/service.js';
import { openSource, stoppedServiceTest, stops } from './support/stopped-service-test.js';

const FLUSH: HookPlan = { point: 'flush', action: 'hold' };

stoppedServiceTest('SIGTERM', FLUSH);
stoppedServiceTest('SIGINT', { point: 'before-commit', action: 'hold' });

test('a second signal ends a service at once', async () => {
  await using source = await openSource();
  await using service = await Service.start(source.url, {}, { plan: FLUSH });
  await service.child.reached();
  service.child.signal('SIGTERM');
  service.child.signal('SIGINT');
  const { exitCode, signal } = await service.child.ended;
  assert.ok(signal === 'SIGINT' || exitCode === 0, `${exitCode} ${signal}`);
});

test('a service that was killed starts again over its lock and socket', async () => {
  await using source = await openSource();
  await using service = await Service.start(source.url, {}, { plan: FLUSH });
  await service.child.reached();
  service.child.signal('SIGKILL');
  await service.child.ended;
  for (const left of ['lock', 'sock']) assert.ok(existsSync(`${service.duckdbPath}.${left}`));
  // Without a service, commands are at the file.
  const status = await runDucktail(['status', '--json'], service.env);
  assert.deepEqual(status.json(), { service: null, cdc: null, tables: [] });
  service.restart();
  await service.child.says(/synced: 300 rows/);
  assert.equal((await service.status()).service?.pid, service.child.pid);
  await stops(service.child, 'SIGTERM');
  await assertSameData(source, service.duckdbPath);
});

test('a stop ends what clients wait for', async () => {
  await using source = await openSource();
  await using service = await Service.start(source.url, { INCREMENTAL_SCHEDULE: '0 0 1 1 *' });
  await service.child.says(/synced: /);
  using client = await service.client();
  const query = assert.rejects(client.query('SELECT count(*) FROM range(10000000000000)'), {
    code: 'aborted',
    message: 'the service is stopping',
  });
  await stops(service.child, 'SIGTERM');
  await query;
});

test('a source that takes connections and says nothing does not hold a stop up', async () => {
  await using folder = await TempFolder.open();
  await using silent = await silentServer();
  const env = {
    MYSQL_URL: `mysql://root@127.0.0.1:${silent.port}/shop`,
    DUCKDB_PATH: folder.file('replica.duckdb'),
    CDC_ENABLED: 'false',
  };
  await using child = DucktailChild.start(['run', '--json'], env);
  await silent.connected;
  await stops(child, 'SIGTERM');
  const run = await child.ended;
  assert.equal(run.json<{ clean: boolean }>().clean, true);
});

interface SilentServer extends AsyncDisposable {
  readonly port: number;
  readonly connected: Promise<void>;
}

async function silentServer(): Promise<SilentServer> {
  const server = createServer();
  const connected = new Promise<void>((resolve) => {
    server.on('connection', (socket) => {
      socket.on('error', () => undefined);
      resolve();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('it has no port');
  return {
    port: address.port,
    connected,
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

test('the socket is for this user alone, also where the path is longer than sockets have it', async () => {
  await using source = await openSource();
  await using folder = await TempFolder.open();
  for (const name of ['short.duckdb', `${'long-'.repeat(25)}.duckdb`]) {
    const duckdbPath = path.join(folder.path, name);
    await using service = await Service.start(source.url, { DUCKDB_PATH: duckdbPath });
    await service.answers();
    const { mode } = await stat(`${duckdbPath}.sock`);
    assert.equal(mode & 0o777, 0o600);
    const status = await runDucktail(['status', '--json'], { DUCKDB_PATH: duckdbPath });
    assert.equal(status.json<{ service: { pid: number } }>().service.pid, service.child.pid);
    await stops(service.child, 'SIGTERM');
  }
});
