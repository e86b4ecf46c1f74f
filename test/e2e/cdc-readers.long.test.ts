import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import test from 'node:test';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import type { Flavour } from '../servers/test-server.js';
import { InvariantReader } from './support/invariant-reader.js';
import { RunningService } from './support/running-service.js';
import { assertSameReplica } from './support/same-replica.js';
import { SlowClient } from './support/slow-client.js';
import { Transfers } from './support/transfers.js';

const FLAVOURS: readonly Flavour[] = ['mysql', 'mariadb'];
const MIB = 1024 * 1024;
/** The service's own, divided by fifty: minutes stand for hours. */
const LIMITS = {
  walBytes: MIB,
  intervalMs: 60_000,
  retryMs: 200,
  readerBytes: 2.5 * MIB,
  readerMs: 200,
};
/** What comes until a reader is ended and the log moved; each `write` is more than that. */
const MOST_WAL_BYTES = 4 * LIMITS.readerBytes;
const MOST_LAG_MS = 20_000;

for (const flavour of FLAVOURS) {
  test(`${flavour}: readers that stay for ever keep neither the log nor the lag growing`, async (t) => {
    await using source = await TestSource.open(flavour);
    await using folder = await TempFolder.open();
    const duckdbPath = folder.file('replica.duckdb');
    await source.run('CREATE TABLE altered (id INT PRIMARY KEY, v INT, t VARCHAR(200))');
    await source.addNumbers(20_000);
    await source.run('INSERT INTO altered SELECT n, n, REPEAT(SHA2(n, 256), 2) FROM numbers');
    await using transfers = await Transfers.start(source, 2);
    await using service = await RunningService.launch(source, duckdbPath);
    await service.streaming();
    await service.stop();
    await service.launch({ point: 'nowhere', action: 'hold', walLimits: LIMITS });
    await service.streaming();
    await using reader = InvariantReader.start(service);
    const write = async (round: number): Promise<number> => {
      let highest = 0;
      for (let n = 0; n < 120; n++) {
        await source.run(
          `UPDATE altered SET v = v + 1, t = REPEAT(SHA2(v + ${round}, 256), 2) WHERE id % 20 = ${n % 20}`,
        );
        highest = Math.max(highest, walBytes(duckdbPath));
      }
      await service.caughtUp({ timeoutMs: MOST_LAG_MS });
      return Math.max(highest, walBytes(duckdbPath));
    };

    await t.test('beside a reader alone', async () => {
      await using client = await SlowClient.query(duckdbPath, 'FROM altered, range(1000000)');
      const highest = await write(0);
      assert.ok(highest < MOST_WAL_BYTES, `${highest} bytes`);
      await assertEnded(client, 1);
    });

    await t.test('beside one that is older than a changed definition', async () => {
      await using client = await SlowClient.query(duckdbPath, 'FROM altered, range(1000000)');
      await source.run('ALTER TABLE altered ADD COLUMN c INT DEFAULT 1');
      await service.caughtUp();
      const highest = await write(1);
      assert.ok(highest < MOST_WAL_BYTES, `${highest} bytes`);
      await assertEnded(client, 2);
    });

    await t.test('and nothing was lost or seen in part', async () => {
      assert.match(service.said, /"level":40[^\n]*the service ended a query after \d+ s/);
      await transfers.stop();
      await service.caughtUp();
      await reader.assertHeld(10);
      await service.stop();
      await assertSameReplica(source, duckdbPath);
    });

    /** Writes until the client was told; its query is at least the `nth` that is ended. */
    async function assertEnded(client: SlowClient, nth: number): Promise<void> {
      for (let round = 10; client.error === null && round < 30; round++) {
        await write(round);
        await delay(LIMITS.readerMs / 2);
      }
      assert.match(client.error ?? '', /the service ended a query after \d+ s: \d+ MB of changes/);
      const ended = (await service.status())?.cdc?.endedQueries ?? 0;
      assert.ok(ended >= nth, `${ended} queries ended`);
    }
  });
}

function walBytes(duckdbPath: string): number {
  return statSync(`${duckdbPath}.wal`, { throwIfNoEntry: false })?.size ?? 0;
}
