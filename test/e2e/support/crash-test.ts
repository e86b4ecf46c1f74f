import assert from 'node:assert/strict';
import test from 'node:test';
import type { SyncResult } from '../../../src/model/sync-result.js';
import { assertSameData } from '../../helpers/compare.js';
import { runDucktail } from '../../helpers/ducktail.js';
import { TempFolder } from '../../helpers/temp-folder.js';
import { TestSource } from '../../helpers/test-source.js';
import { DucktailChild } from './ducktail-child.js';
import type { HookPlan } from './hook-plan.js';
import { singleValue, tableNames } from './replica-state.js';
import { addTextTable } from './text-table.js';

const ROWS = 20_000;

/** Where a sync over an older copy kills itself, and what it leaves. */
export interface Crash {
  readonly what: string;
  readonly plan: HookPlan;
  /** Whether the replica shows the old or the new state after the crash. */
  readonly shows: 'old' | 'new';
  readonly leavesStagingTables: boolean;
}

/** A full sync that is killed, and the one behind it. */
export function crashTest({ what, plan, shows, leavesStagingTables }: Crash): void {
  test(`SIGKILL ${what} leaves the ${shows} tables whole`, async () => {
    await using old = await TestSource.open('mysql');
    await using current = await TestSource.open('mysql');
    await using folder = await TempFolder.open();
    const duckdbPath = folder.file('replica.duckdb');
    const env = {
      DUCKDB_PATH: duckdbPath,
      DUCKDB_THREADS: '2',
      APPENDER_FLUSH_INTERVAL: '2048',
      BATCH_SIZE: '1024',
    };
    await addTextTable(old, { name: 'first', rows: 5000, bytes: 64 });
    await addTextTable(old, { name: 'second', rows: 10, bytes: 64 });
    await addTextTable(current, { name: 'first', rows: ROWS, bytes: 128 });
    await addTextTable(current, { name: 'second', rows: 6000, bytes: 128 });
    const seed = await runDucktail(['sync', '--json'], { ...env, MYSQL_URL: old.url });
    assert.equal(seed.exitCode, 0, seed.stderr);

    const args = ['sync', '--json'];
    const env2 = { ...env, MYSQL_URL: current.url };
    await using crashing = DucktailChild.start(args, env2, { plan });
    const crashed = await crashing.ended;
    assert.equal(crashed.signal, 'SIGKILL', crashed.stderr);
    assert.equal(crashed.stdout, '');

    await assertSameData(shows === 'old' ? old : current, duckdbPath);
    const left = await tableNames(duckdbPath);
    const staging = left.filter((name) => name.startsWith('__staging_'));
    assert.equal(staging.length > 0, leavesStagingTables, left.join());

    const again = await runDucktail(args, env2);
    assert.equal(again.exitCode, 0, again.stderr);
    assert.equal(again.json<SyncResult>().tables.length, 2);
    assert.equal(/dropped \d+ staging table/.test(again.stderr), leavesStagingTables);
    await assertSameData(current, duckdbPath);
    assert.deepEqual(await tableNames(duckdbPath), ['first', 'second']);
    // A run ends with its cutover.
    const runs = 'SELECT count(*) FROM _ducktail.sync_runs WHERE finished_at IS';
    assert.equal(await singleValue(duckdbPath, `${runs} NULL`), shows === 'old' ? '1' : '0');
    assert.equal(await singleValue(duckdbPath, `${runs} NOT NULL`), shows === 'old' ? '2' : '3');
  });
}
