import assert from 'node:assert/strict';
import test from 'node:test';
import type { SyncResult } from '../../src/model/sync-result.js';
import { assertSameData } from '../helpers/compare.js';
import { runDucktail } from '../helpers/ducktail.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import { assertFailedClearly, type ErrorDocument } from './support/clear-message.js';
import { DucktailChild } from './support/ducktail-child.js';
import type { HookPlan } from './support/hook-plan.js';
import { tableNames } from './support/replica-state.js';
import {
  metadataLockWait,
  noOtherConnections,
  sendingConnections,
} from './support/source-processes.js';
import { addTextTable } from './support/text-table.js';

const KIB = 1024;
/** Far below what the rest of the copy would take. */
const QUICK_MS = 3000;

const PLANS: readonly HookPlan[] = [
  { point: 'flush', action: 'hold', afterFlushes: 2 },
  { point: 'before-commit', action: 'hold' },
];

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  for (const plan of PLANS) {
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
}

test('a second Ctrl-C ends the process at once', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  await addTextTable(source, { name: 'texts', rows: 100, bytes: 64 });
  const env = { MYSQL_URL: source.url, DUCKDB_PATH: folder.file('replica.duckdb') };
  // Stopped, it can't work off the first signal before the second one is there.
  const plan: HookPlan = { point: 'flush', action: 'hold' };
  await using child = DucktailChild.start(['sync'], env, { plan });
  await child.reached();
  child.signal('SIGTERM');
  child.signal('SIGINT');
  const { exitCode, signal } = await child.ended;
  assert.ok(signal === 'SIGINT' || exitCode === 1, `${exitCode} ${signal}`);
});

test('a stop that comes after the cutover has nothing to undo', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  const duckdbPath = folder.file('replica.duckdb');
  await addTextTable(source, { name: 'texts', rows: 100, bytes: 64 });
  const env = { MYSQL_URL: source.url, DUCKDB_PATH: duckdbPath };
  const plan: HookPlan = { point: 'after-commit', action: 'hold' };
  await using child = DucktailChild.start(['sync', '--json'], env, { plan });
  await child.reached();
  child.signal('SIGINT');
  const run = await child.ended;
  assert.equal(run.exitCode, 0, run.stderr);
  assert.equal(run.json<SyncResult>().tables[0].rows, 100);
  await assertSameData(source, duckdbPath);
});

test('a stop ends the wait for a table that others have locked', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  const duckdbPath = folder.file('replica.duckdb');
  await addTextTable(source, { name: 'texts', rows: 100, bytes: 64 });
  await source.run('LOCK TABLES texts WRITE');
  const env = { MYSQL_URL: source.url, DUCKDB_PATH: duckdbPath };
  await using child = DucktailChild.start(['sync', '--json'], env);
  await metadataLockWait(source);
  const stoppedAt = performance.now();
  child.signal('SIGINT');
  const run = await child.ended;
  assert.ok(performance.now() - stoppedAt < QUICK_MS);
  assert.equal(run.json<ErrorDocument>().error.code, 'aborted');
  await source.run('UNLOCK TABLES');
  assert.deepEqual(await tableNames(duckdbPath), []);
});
