import assert from 'node:assert/strict';
import test from 'node:test';
import { TempFolder } from '../helpers/temp-folder.js';
import { type Flavour, openTestServer, type TestServer } from '../servers/test-server.js';
import { FollowingServer } from './support/following-server.js';
import { FreshSource } from './support/fresh-source.js';
import { RunningService } from './support/running-service.js';
import { assertSameReplica } from './support/same-replica.js';
import { executedGtids, type SourceAccess } from './support/source-position.js';
import { TcpProxy } from './support/tcp-proxy.js';

const FLAVOURS: readonly Flavour[] = ['mysql', 'mariadb'];

/** Two servers of which the second replicates the first, and a service that knows one address. */
interface Scene {
  readonly first: TestServer;
  readonly follower: FollowingServer;
  /** The address: of the first server, until it fails over. */
  readonly proxy: TcpProxy;
  readonly service: RunningService;
  /** Transactions at whichever server the address leads to; another value each time. */
  readonly write: (transactions: number) => Promise<void>;
  readonly failOver: () => Promise<void>;
  /** Who has the source's role now. */
  readonly source: SourceAccess;
}

/** Runs `work` with a scene; in the end the replica has to be what the second server has. */
async function inScene(flavour: Flavour, work: (scene: Scene) => Promise<void>): Promise<void> {
  await using first = await openTestServer(flavour, { ignoreUrl: true });
  await using second = await openTestServer(flavour, {
    ignoreUrl: true,
    extraArguments: flavour === 'mariadb' ? ['--log-slave-updates'] : [],
  });
  await using folder = await TempFolder.open();
  const duckdbPath = folder.file('replica.duckdb');
  const original = await FreshSource.create(first);
  await original.run(
    'CREATE TABLE items (id INT PRIMARY KEY, v INT NOT NULL)',
    'CREATE TABLE bag (v INT)',
    'INSERT INTO items VALUES (1, 1), (2, 2)',
    'INSERT INTO bag VALUES (1), (1)',
  );
  const follower = await FollowingServer.follow(second, first, original.database);
  await follower.waitFor(await executedGtids(original));
  await using proxy = await TcpProxy.open(first.url);

  let current: FreshSource = original;
  let written = 0;
  const source: SourceAccess = {
    flavour,
    get url() {
      return current.url;
    },
    texts: (sql) => current.texts(sql),
  };
  await using service = await RunningService.start(source, duckdbPath, {
    url: `${proxy.url}/${original.database}`,
  });
  await work({
    first,
    follower,
    proxy,
    service,
    source,
    write: async (transactions) => {
      const statements = Array.from({ length: transactions }, () => {
        const n = ++written;
        return [
          'BEGIN',
          `REPLACE INTO items VALUES (${n % 7}, ${n}), (${100 + n}, ${n})`,
          // Whatever comes twice, or not at all, shows where there is no key.
          `INSERT INTO bag VALUES (${n}), (${n})`,
          `DELETE FROM bag WHERE v = ${n - 2} LIMIT 1`,
          'COMMIT',
        ];
      });
      await current.run(...statements.flat());
    },
    failOver: async () => {
      await first.kill();
      proxy.retarget(second.url);
      current = follower.source;
    },
  });
  const [[copies]] = await service.query(
    "SELECT CAST(count(*) AS VARCHAR) FROM _ducktail.sync_runs WHERE mode = 'full'",
  );
  assert.equal(copies, '1', 'it goes on, and copies nothing again');
  await service.stop();
  await assertSameReplica(follower.source, duckdbPath);
}

for (const flavour of FLAVOURS) {
  test(`${flavour}: a service goes on at the server that takes over`, async () => {
    await inScene(flavour, async ({ follower, proxy, service, source, write, failOver }) => {
      await write(5);
      await service.caughtUp();
      // What the first server still brings does not get through: the second has to bring it.
      assert.ok(proxy.stall() > 0);
      await write(40);
      await follower.waitFor(await executedGtids(source));
      await failOver();
      proxy.restore();
      await follower.promote();
      await write(20);
      await service.caughtUp();
      await write(5);
      await service.caughtUp();
    });
  });

  test(`${flavour}: it goes on in the middle of what is written`, async () => {
    await inScene(flavour, async ({ follower, service, source, write, failOver }) => {
      await write(60);
      await follower.waitFor(await executedGtids(source));
      await failOver();
      await follower.promote();
      await write(60);
      await service.caughtUp();
    });
  });

  test(`${flavour}: a server that lacks what was applied is told as such, and waited for`, async () => {
    await inScene(flavour, async ({ first, follower, service, source, write, failOver }) => {
      await write(5);
      await follower.waitFor(await executedGtids(source));
      await follower.pause();
      await write(5);
      await service.caughtUp();
      const applied = await executedGtids(source);
      await failOver();
      await service.until('waits', ({ cdc }) => {
        return (
          cdc?.state === 'reconnecting' &&
          /another server than before and lags behind the replica/.test(service.said)
        );
      });
      // The lost server comes back, and its last transactions with it.
      await first.start();
      await follower.resume();
      await follower.waitFor(applied);
      await follower.promote();
      await write(5);
      await service.caughtUp();
    });
  });
}
