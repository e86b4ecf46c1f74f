import assert from 'node:assert/strict';
import test from 'node:test';
import type { SyncResult } from '../../src/model/sync-result.js';
import { assertSameData } from '../helpers/compare.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import type { ErrorDocument } from './support/clear-message.js';
import { DucktailChild } from './support/ducktail-child.js';
import type { HookPlan } from './support/hook-plan.js';
import { tableNames } from './support/replica-state.js';
import { metadataLockWait } from './support/source-processes.js';
import { QUICK_MS, stoppedSyncTest } from './support/stopped-sync-test.js';
import { addTextTable } from './support/text-table.js';

stoppedSyncTest('SIGINT', { point: 'flush', action: 'hold', afterFlushes: 2 });
stoppedSyncTest('SIGTERM', { point: 'before-commit', action: 'hold' });

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
