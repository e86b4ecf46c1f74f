import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import test from 'node:test';
import type { SyncResult, TableSyncResult } from '../../../src/model/sync-result.js';
import { runDucktail } from '../../helpers/ducktail.js';
import { TempFolder } from '../../helpers/temp-folder.js';
import { TestSource } from '../../helpers/test-source.js';
import type { Flavour } from '../../servers/test-server.js';
import { TestAccount } from '../../source/test-account.js';
import { CronJob } from './cron-job.js';
import { changeReplica } from './replica-state.js';
import { RunningService } from './running-service.js';
import { assertSameReplica } from './same-replica.js';
import { containsGtids, executedGtids } from './source-position.js';

const CHANGES = ['mode', 'rows', 'inserted', 'updated', 'deleted', 'error'] as const;

function changesOf(result: SyncResult): Record<string, unknown[]> {
  const values = (table: TableSyncResult): unknown[] => CHANGES.map((name) => table[name]);
  return Object.fromEntries(result.tables.map((table) => [table.table, values(table)]));
}

function accountUrl(source: TestSource, { endpoint }: TestAccount): string {
  const url = new URL(source.url);
  url.username = endpoint.user;
  url.password = encodeURIComponent(endpoint.password ?? '');
  return url.href;
}

/** Cron jobs by the binlog of a server of the flavour. */
export function cronTests(flavour: Flavour): void {
  test(`${flavour}: a cron job catches up by the binlog to where the source is, and ends`, async () => {
    await using source = await TestSource.open(flavour);
    await using folder = await TempFolder.open();
    const duckdbPath = folder.file('replica.duckdb');
    const job = new CronJob(source, duckdbPath);
    await source.run(
      'CREATE TABLE kept (id INT PRIMARY KEY, v INT, d DATE NULL)',
      'CREATE TABLE bag (v INT)',
      'INSERT INTO kept VALUES (1, 1, NULL), (2, 2, NULL), (3, 3, NULL)',
      'INSERT INTO bag VALUES (1), (1)',
    );
    const first = await job.catchUp();
    assert.deepEqual(changesOf(first), {
      bag: ['full', 2, 2, 0, 0, null],
      kept: ['full', 3, 3, 0, 0, null],
    });
    await source.run(
      'INSERT INTO kept (id, v) VALUES (4, 4), (5, 5)',
      'UPDATE kept SET v = 10 WHERE id = 1',
      'DELETE FROM kept WHERE id = 2',
      'DELETE FROM bag LIMIT 1',
      'CREATE TABLE late (id INT PRIMARY KEY)',
      'INSERT INTO late VALUES (1)',
      'ALTER TABLE bag ADD COLUMN w INT NOT NULL DEFAULT 7',
    );
    const wanted = await executedGtids(source);
    const second = await job.catchUp();
    const { bag, ...others } = changesOf(second);
    assert.deepEqual(others, {
      kept: ['cdc', 4, 2, 1, 1, null],
      late: ['full', 1, 1, 0, 0, null],
    });
    assert.deepEqual([bag[0], bag[1]], ['full', 1]);
    const { service, cdc } = await job.status();
    assert.equal(service, null);
    assert.equal(cdc?.state, 'stopped');
    assert.ok(cdc.checkpoint && (await containsGtids(source, cdc.checkpoint, wanted)));

    const third = await job.catchUp();
    for (const [table, change] of Object.entries(changesOf(third))) {
      assert.deepEqual(change, ['cdc', 0, 0, 0, 0, null], table);
    }
    assert.ok(third.seconds < 5, `${third.seconds} s for nothing`);
    const words = await job.command('sync', '--cdc');
    assert.equal(words.exitCode, 0, words.stderr);
    assert.match(words.stdout, /kept +│ cdc/);
    await assertSameReplica(source, duckdbPath);
  });

  test(`${flavour}: a cron job whose history is lost copies again, and says so`, async () => {
    await using source = await TestSource.open(flavour);
    await using folder = await TempFolder.open();
    const duckdbPath = folder.file('replica.duckdb');
    const job = new CronJob(source, duckdbPath);
    await source.run('CREATE TABLE t (id INT PRIMARY KEY)', 'INSERT INTO t VALUES (1), (2)');
    await job.catchUp();
    const beyond =
      flavour === 'mysql' ? `'11111111-1111-1111-1111-111111111111:1-9'` : `'0-999999-999999999'`;
    await changeReplica(duckdbPath, `UPDATE _ducktail.stream SET gtid_set = ${beyond}`);
    await source.run('INSERT INTO t VALUES (3)');
    const run = await job.command('sync', '--cdc', '--json');
    assert.equal(run.exitCode, 0, run.stderr);
    assert.match(run.stderr, /copying all tables again/);
    assert.deepEqual(changesOf(run.json<SyncResult>()), { t: ['full', 3, 3, 0, 0, null] });
    await assertSameReplica(source, duckdbPath);
  });

  test(`${flavour}: a cron job that can't follow the binlog says why, and leaves no file`, async () => {
    await using source = await TestSource.open(flavour);
    await using folder = await TempFolder.open();
    await using account = await TestAccount.open(source, [`SELECT ON ${source.database}.*`]);
    await source.run('CREATE TABLE t (id INT PRIMARY KEY)');
    const duckdbPath = folder.file('replica.duckdb');
    const run = await runDucktail(['sync', '--cdc'], {
      MYSQL_URL: accountUrl(source, account),
      DUCKDB_PATH: duckdbPath,
    });
    assert.equal(run.exitCode, 1, run.stderr);
    assert.match(run.stderr, /REPLICATION/);
    assert.equal(existsSync(duckdbPath), false);
  });

  test(`${flavour}: beside a service, sync waits until the service has caught up`, async () => {
    await using source = await TestSource.open(flavour);
    await using folder = await TempFolder.open();
    const duckdbPath = folder.file('replica.duckdb');
    const job = new CronJob(source, duckdbPath);
    await source.run('CREATE TABLE t (id INT PRIMARY KEY, v INT)', 'INSERT INTO t VALUES (1, 1)');
    await using service = await RunningService.start(source, duckdbPath);
    await source.run('UPDATE t SET v = 2', 'INSERT INTO t VALUES (2, 2)');
    const result = await job.catchUp();
    assert.equal(result.tables[0].mode, 'cdc');
    const rows = await service.query('SELECT id, v FROM t ORDER BY id');
    assert.deepEqual(rows, [
      [1, 2],
      [2, 2],
    ]);
    await service.stop();
    await assertSameReplica(source, duckdbPath);
  });
}
