import assert from 'node:assert/strict';
import test from 'node:test';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import type { Flavour } from '../servers/test-server.js';
import { RunningService } from './support/running-service.js';
import { assertSameReplica } from './support/same-replica.js';
import { TcpProxy } from './support/tcp-proxy.js';

const FLAVOURS: readonly Flavour[] = ['mysql', 'mariadb'];
const TABLES = 300;
/** A batch of changes of 300 tables takes seconds, on a busy machine many. */
const TIMEOUT_MS = 120_000;

for (const flavour of FLAVOURS) {
  test(`${flavour}: a service of ${TABLES} tables stops and connects anew quickly`, async (t) => {
    await using source = await TestSource.open(flavour);
    await using folder = await TempFolder.open();
    await using proxy = await TcpProxy.open(source.serverUrl);
    const names = Array.from({ length: TABLES }, (_, at) => `t${at}`);
    for (const name of names) {
      await source.run(
        `CREATE TABLE ${name} (id INT PRIMARY KEY, v INT, d DATE)`,
        `INSERT INTO ${name} VALUES (1, 1, '0000-00-00'), (2, 2, '2024-01-01')`,
      );
    }
    const changeAll = (value: number): Promise<void> =>
      source.run(...names.map((name) => `UPDATE ${name} SET v = ${value} WHERE id = 1`));
    const duckdbPath = folder.file('replica.duckdb');
    await using service = await RunningService.launch(source, duckdbPath, {
      url: `${proxy.url}/${source.database}`,
    });
    await service.streaming({ timeoutMs: TIMEOUT_MS });
    await changeAll(3);
    await service.caughtUp({ timeoutMs: TIMEOUT_MS });

    proxy.cut();
    const cutAt = performance.now();
    await changeAll(4);
    await service.caughtUp({ timeoutMs: TIMEOUT_MS });
    t.diagnostic(`caught up ${(performance.now() - cutAt).toFixed(0)} ms after a lost connection`);

    await changeAll(5);
    const stoppedAt = performance.now();
    // Fails after the five seconds that a stop may take.
    await service.stop();
    t.diagnostic(`stopped after ${(performance.now() - stoppedAt).toFixed(0)} ms`);
    await service.launch();
    await service.streaming({ timeoutMs: TIMEOUT_MS });
    await service.caughtUp({ timeoutMs: TIMEOUT_MS });
    assert.doesNotMatch(service.said, /copied again/);
    await service.stop();
    await assertSameReplica(source, duckdbPath);
  });
}
