import assert from 'node:assert/strict';
import test from 'node:test';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import { waitFor } from '../helpers/wait-for.js';
import { Service } from './support/service.js';
import { SmallDisk } from './support/small-disk.js';
import { TcpProxy } from './support/tcp-proxy.js';
import { WatchedService } from './support/watched-service.js';

interface Reply {
  readonly status: number;
  readonly body: unknown;
}

/** Other tests write to the same server. */
const MOVING = new Set(['lagSeconds', 'sourceTime', 'gtidSet', 'file', 'position']);

async function get(url: string): Promise<Reply> {
  const reply = await fetch(url);
  return { status: reply.status, body: await reply.json() };
}

test('ready is a replica that has every table and is close to the source', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  await source.run('CREATE TABLE t (id INT PRIMARY KEY)', 'INSERT INTO t VALUES (1)');
  await using proxy = await TcpProxy.open(source.url);
  await using watched = await WatchedService.launch(
    source,
    folder.file('replica.duckdb'),
    { READY_MAX_LAG_SECONDS: '30' },
    proxy.url,
  );
  const isReady = async (): Promise<boolean> => {
    const { status, body } = await get(`${watched.url}/readyz`);
    const { ready, lacks } = body as { ready: boolean; lacks: number };
    assert.deepEqual([status, ready], lacks === 0 ? [200, true] : [503, false]);
    return ready;
  };
  await waitFor(isReady);
  assert.equal((await watched.service.status())?.cdc?.state, 'streaming');

  proxy.cut({ refuse: true });
  await waitFor(async () => !(await isReady()));
  assert.deepEqual(await get(`${watched.url}/healthz`), { status: 200, body: { healthy: true } });
  proxy.restore();
  await waitFor(isReady);
  await watched.service.caughtUp();
  const samples = await watched.samples();
  const reconnects = samples.find(({ name }) => name === 'ducktail_source_reconnects_total');
  assert.ok(reconnects !== undefined && reconnects.value >= 1);

  const [{ body }, told] = [await get(`${watched.url}/api/status`), await watched.service.status()];
  const still = (status: object): object =>
    JSON.parse(
      JSON.stringify(status, (key, value: unknown) => (MOVING.has(key) ? 'some' : value)),
    ) as object;
  assert.ok(told);
  assert.deepEqual(still(body as object), still(told));
  await watched.service.stop();
});

test('healthy is a replica that its disk lets be written', async (t) => {
  await using disk = await SmallDisk.open(16);
  if (disk === null) {
    t.skip('nobody may mount here');
    return;
  }
  await using source = await TestSource.open('mysql');
  await source.run('CREATE TABLE t (id INT PRIMARY KEY)', 'INSERT INTO t VALUES (1)');
  await using service = await Service.start(
    source.url,
    {
      ...{ HTTP_ENABLED: 'true', HTTP_PORT: '0', LOG_FORMAT: 'json' },
      DUCKDB_PATH: disk.file('replica.duckdb'),
      INCREMENTAL_SCHEDULE: '0 0 1 1 *',
    },
    { launcher: disk.launcher },
  );
  await service.child.says(/"url":"http/);
  const url = /"url":"(http[^"]+)"/.exec(service.child.stderr)?.[1];
  assert.ok(url);
  assert.deepEqual(await get(`${url}/healthz`), { status: 200, body: { healthy: true } });
  await waitFor(async () => (await get(`${url}/readyz`)).status === 200);
  await disk.fill();
  await waitFor(async () => (await get(`${url}/healthz`)).status === 503);
  assert.match(service.child.stderr, /not healthy: the disk under .*replica\.duckdb is full/);
  await disk.resize(64);
  await waitFor(async () => (await get(`${url}/healthz`)).status === 200);
  assert.match(service.child.stderr, /can be read and written again/);
});
