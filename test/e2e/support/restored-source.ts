import assert from 'node:assert/strict';
import { TempFolder } from '../../helpers/temp-folder.js';
import { type Flavour, openTestServer } from '../../servers/test-server.js';
import { DataBackup } from './data-backup.js';
import { FreshSource } from './fresh-source.js';
import { RunningService } from './running-service.js';
import { assertSameReplica } from './same-replica.js';

/** Transactions that are applied, and are not in the backup. */
const LOST = 12;

interface Scene {
  /** That many transactions, each as long in the binlog as any other, and of other content. */
  readonly write: (transactions: number) => Promise<void>;
  /** Resolves when the replica has what was written last. */
  readonly caughtUp: () => Promise<void>;
}

/**
 * Restores a source from the same backup again and again under a service that had applied more than
 * the backup holds. The source then has other transactions under the same numbers, and in files of
 * the same names at the same positions: each time it has to be noticed, and lead to one copy.
 */
export async function restoreUnderService(
  flavour: Flavour,
  extraArguments: readonly string[] = [],
): Promise<void> {
  await using server = await openTestServer(flavour, { ignoreUrl: true, extraArguments });
  await using folder = await TempFolder.open();
  const duckdbPath = folder.file('replica.duckdb');
  const source = await FreshSource.create(server);
  await using service = await openService(source, duckdbPath);
  const scene = openScene(source, service);
  await scene.write(3);
  await scene.caughtUp();
  await server.stop();
  const backup = await DataBackup.take(server, folder.file('backup'));
  await server.start();
  await scene.write(LOST);
  await scene.caughtUp();
  await hasCopied(service, 1);

  // The service meets it with fewer transactions than were applied, and may be the first to come.
  await backup.restore();
  await service.until('notices it', () => service.said.includes(NOTICED));
  // Two tables in one transaction can meet the copy's LOCK TABLES in a deadlock.
  await service.until('copies', async () => (await copies(service)) === '2');
  await scene.write(LOST);
  await scene.caughtUp();
  await hasCopied(service, 2);

  let runs = 2;
  for (const others of [3, LOST, LOST + 5]) {
    await service.stop();
    await backup.restore();
    await scene.write(others);
    await service.start();
    assert.ok(service.said.includes(NOTICED), `${others} others: ${service.said}`);
    await scene.write(LOST);
    await scene.caughtUp();
    await hasCopied(service, ++runs);
  }
  // It is the same server that comes back now, with the file that was read.
  await server.kill();
  await server.start();
  await scene.write(2);
  await scene.caughtUp();
  await hasCopied(service, runs);
  await service.stop();
  await assertSameReplica(source, duckdbPath);
}

const NOTICED = 'copying all tables again';

async function openService(source: FreshSource, duckdbPath: string): Promise<RunningService> {
  await source.run(
    'CREATE TABLE items (id INT PRIMARY KEY, v INT NOT NULL)',
    'CREATE TABLE bag (v INT NOT NULL)',
    'INSERT INTO items VALUES (0, 0)',
  );
  return RunningService.start(source, duckdbPath);
}

function openScene(source: FreshSource, service: RunningService): Scene {
  let written = 1_000_000;
  return {
    write: async (transactions) => {
      for (let i = 0; i < transactions; i++) {
        const n = ++written;
        await source.run(
          'BEGIN',
          `UPDATE items SET v = ${n} WHERE id = 0`,
          `INSERT INTO items VALUES (${n}, ${n})`,
          `INSERT INTO bag VALUES (${n})`,
          'COMMIT',
        );
      }
    },
    caughtUp: () =>
      service.until(`has ${written}`, async ({ cdc }) => {
        if (cdc?.state !== 'streaming') return false;
        const [[v]] = await service.query('SELECT CAST(v AS VARCHAR) FROM items WHERE id = 0');
        return v === String(written);
      }),
  };
}

async function hasCopied(service: RunningService, times: number): Promise<void> {
  assert.equal(await copies(service), String(times), 'copies');
}

async function copies(service: RunningService): Promise<unknown> {
  const [[runs]] = await service.query(
    "SELECT CAST(count(*) AS VARCHAR) FROM _ducktail.sync_runs WHERE mode = 'full'",
  );
  return runs;
}
