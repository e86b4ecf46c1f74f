import assert from 'node:assert/strict';
import test from 'node:test';
import { TempFolder } from '../helpers/temp-folder.js';
import { type Flavour, openTestServer } from '../servers/test-server.js';
import { FollowingServer } from './support/following-server.js';
import { FreshSource } from './support/fresh-source.js';
import { RunningService } from './support/running-service.js';
import { assertSameReplica } from './support/same-replica.js';
import { executedGtids } from './support/source-position.js';

const FLAVOURS: readonly Flavour[] = ['mysql', 'mariadb'];
const RESET: Record<Flavour, string> = {
  mysql: 'RESET BINARY LOGS AND GTIDS',
  mariadb: 'RESET MASTER',
};

async function makeItems(source: FreshSource): Promise<void> {
  await source.run(
    'CREATE TABLE items (id INT PRIMARY KEY, v INT NOT NULL)',
    'CREATE TABLE bag (v INT)',
    'INSERT INTO items VALUES (1, 1), (2, 2)',
    'INSERT INTO bag VALUES (1), (1)',
  );
}

async function copies(service: RunningService): Promise<number> {
  const [[runs]] = await service.query(
    "SELECT CAST(count(*) AS VARCHAR) FROM _ducktail.sync_runs WHERE mode = 'full'",
  );
  return Number(runs);
}

for (const flavour of FLAVOURS) {
  test(`${flavour}: a source that has executed nothing yet is followed from its first transaction`, async () => {
    await using server = await openTestServer(flavour, { ignoreUrl: true });
    await using folder = await TempFolder.open();
    const source = await FreshSource.create(server);
    await makeItems(source);
    await source.run(RESET[flavour]);
    assert.equal(await executedGtids(source), '');
    const duckdbPath = folder.file('replica.duckdb');
    await using service = await RunningService.start(source, duckdbPath);
    const status = await service.status();
    assert.equal(status?.cdc?.checkpoint?.gtidSet, '');
    // Set or none decides what is asked for when it connects anew.
    await service.stop();
    await source.run('INSERT INTO items VALUES (3, 3)', 'DELETE FROM bag LIMIT 1');
    await service.start();
    await source.run('UPDATE items SET v = v + 1');
    await service.caughtUp();
    assert.equal(await copies(service), 1);
    await service.stop();
    await assertSameReplica(source, duckdbPath);
  });

  test(`${flavour}: a binlog that is reset under a service that reads it is noticed`, async () => {
    await using server = await openTestServer(flavour, { ignoreUrl: true });
    await using folder = await TempFolder.open();
    const source = await FreshSource.create(server);
    await makeItems(source);
    for (let i = 0; i < 20; i++) await source.run('UPDATE items SET v = v + 1');
    const duckdbPath = folder.file('replica.duckdb');
    await using service = await RunningService.start(source, duckdbPath);
    await source.run('INSERT INTO items VALUES (3, 3)');
    await service.caughtUp();
    // One file, which gets the name it had: nothing tells the session.
    await source.run(RESET[flavour], 'INSERT INTO items VALUES (4, 4)', 'DELETE FROM bag LIMIT 1');
    await service.until('copies again', async () => (await copies(service)) === 2);
    await source.run('UPDATE items SET v = v + 1');
    await service.caughtUp();
    await service.stop();
    await assertSameReplica(source, duckdbPath);
  });

  test(`${flavour}: a server that lags after a failover is waited for`, async () => {
    await using first = await openTestServer(flavour, { ignoreUrl: true });
    await using second = await openTestServer(flavour, {
      ignoreUrl: true,
      extraArguments: flavour === 'mariadb' ? ['--log-slave-updates'] : [],
    });
    await using folder = await TempFolder.open();
    const source = await FreshSource.create(first);
    await makeItems(source);
    const replica = await FollowingServer.follow(second, first, source.database);
    await replica.waitFor(await executedGtids(source));
    await replica.pause();

    const duckdbPath = folder.file('replica.duckdb');
    await using before = await RunningService.start(source, duckdbPath);
    await source.run('INSERT INTO items VALUES (3, 3)', 'INSERT INTO bag VALUES (3)');
    await before.caughtUp();
    await before.stop();
    const reached = await executedGtids(source);

    await using after = await RunningService.launch(replica.source, duckdbPath);
    await after.until('waits', () => /lags behind the replica/.test(after.said));
    await replica.resume();
    await replica.waitFor(reached);
    await replica.pause();
    await after.streaming();
    await replica.source.run('UPDATE items SET v = v + 10', 'DELETE FROM bag WHERE v = 1 LIMIT 1');
    await after.caughtUp();
    assert.equal(await copies(after), 1);
    await after.stop();
    await assertSameReplica(replica.source, duckdbPath);
  });
}

test('a server id that the source itself has is refused', async () => {
  await using server = await openTestServer('mysql', { ignoreUrl: true });
  await using folder = await TempFolder.open();
  const source = await FreshSource.create(server);
  const [[serverId]] = await source.texts('SELECT @@GLOBAL.server_id');
  await using service = await RunningService.launch(source, folder.file('replica.duckdb'), {
    variables: { CDC_SERVER_ID: serverId ?? '' },
  });
  const { exitCode, stderr } = await service.end();
  assert.equal(exitCode, 1);
  assert.match(stderr, /the source itself has the server id/);
  assert.match(stderr, /Give CDC_SERVER_ID a number/);
});
