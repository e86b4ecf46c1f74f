import assert from 'node:assert/strict';
import test from 'node:test';
import { assertSameData } from '../../helpers/compare.js';
import { runDucktail } from '../../helpers/ducktail.js';
import { TempFolder } from '../../helpers/temp-folder.js';
import { TestSource } from '../../helpers/test-source.js';
import { assertFailedClearly } from './clear-message.js';
import { DucktailChild } from './ducktail-child.js';
import type { HookPlan } from './hook-plan.js';
import { tableNames } from './replica-state.js';
import { noOtherConnections, sendingConnections } from './source-processes.js';
import { addTextTable } from './text-table.js';

const KIB = 1024;
/** Far below what the rest of the copy would take. */
export const QUICK_MS = 3000;

export type StopSignal = 'SIGINT' | 'SIGTERM';

/** A full sync that the signal ends where the plan holds it. */
export function stoppedSyncTest(signal: StopSignal, plan: HookPlan): void {
  test(`${signal} at ${plan.point} stops soon and leaves the old tables alone`, async () => {
    await using source = await TestSource.open('mysql');
    await using folder = await TempFolder.open();
    const duckdbPath = folder.file('replica.duckdb');
    const env = {
      MYSQL_URL: source.url,
      DUCKDB_PATH: duckdbPath,
      WORKER_THREADS: '2',
      DUCKDB_THREADS: '2',
      APPENDER_FLUSH_INTERVAL: '16',
      BATCH_SIZE: '16',
    };
    await source.run('CREATE TABLE other (id INT PRIMARY KEY)', 'INSERT INTO other VALUES (1)');
    await source.run('CREATE TABLE texts (id INT PRIMARY KEY, v LONGTEXT NOT NULL)');
    await source.run(`INSERT INTO texts VALUES (1, 'old')`);
    const seed = await runDucktail(['sync'], env);
    assert.equal(seed.exitCode, 0, seed.stderr);
    await source.run('DROP TABLE texts');
    await addTextTable(source, { name: 'texts', rows: 300, bytes: 256 * KIB });

    await using child = DucktailChild.start(['sync', '--json'], env, { plan });
    await child.reached();
    if (plan.point === 'flush') await sendingConnections(source, 1);
    const stoppedAt = performance.now();
    child.signal(signal);
    const run = await child.ended;
    assert.ok(performance.now() - stoppedAt < QUICK_MS);
    assertFailedClearly(run, {
      exitCode: 1,
      code: 'aborted',
      message: new RegExp(`^stopped by ${signal}; what was in the replica before stands$`),
      hint: null,
    });
    assert.deepEqual(await tableNames(duckdbPath), ['other', 'texts']);
    await noOtherConnections(source);

    await source.run('DELETE FROM texts WHERE id > 3');
    const again = await runDucktail(['sync'], env);
    assert.equal(again.exitCode, 0, again.stderr);
    assert.doesNotMatch(again.stderr, /staging table/);
    await assertSameData(source, duckdbPath);
  });
}
