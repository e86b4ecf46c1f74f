import assert from 'node:assert/strict';
import test from 'node:test';
import { Activity } from '../../src/watch/activity.js';
import { Metrics } from '../../src/watch/metrics.js';
import type { WatchedTable } from '../../src/watch/watched-service.js';
import { parseSamples, valueOf } from './exposition.js';
import { fedWatch, ORDERS, stillService } from './fed-watch.js';

test('a table that is gone leaves nothing behind, and one whose first rows come keeps them', async () => {
  const tables: WatchedTable[] = [ORDERS];
  using watch = await fedWatch(tables);
  const ofOrders = async (): Promise<string[]> =>
    (await watch.metrics.text()).split('\n').filter((line) => line.includes('table="orders"'));
  assert.ok((await ofOrders()).length > 8);
  tables.length = 0;
  const asked = watch.metrics.text();
  // It is committed while the replica is read: it is there by the next time.
  const rows = { table: 'new', inserted: 1, updated: 0, deleted: 0, bytes: 8 };
  watch.observer.committed({ tables: [rows], seconds: 0, sourceTimeMs: null });
  await asked;
  tables.push({ ...ORDERS, table: 'new' });
  assert.deepEqual(await ofOrders(), []);
  const samples = parseSamples(await watch.metrics.text());
  assert.equal(valueOf(samples, 'ducktail_rows_total', { table: 'new' }), 1);
});

test('what was not counted yet is told as nothing, so that a first one is an increase', async () => {
  const samples = parseSamples(await new Metrics(stillService(), new Activity()).text());
  for (const code of ['target-full', 'source-unavailable', 'bug']) {
    assert.equal(valueOf(samples, 'ducktail_errors_total', { code }), 0);
  }
  assert.equal(valueOf(samples, 'ducktail_queries_total', { result: 'ok' }), 0);
  assert.equal(valueOf(samples, 'ducktail_replica_readable'), 1);
});

test('a replica that can not be read, or not in time, hides nothing else', async () => {
  const service = stillService();
  let answer = (): Promise<readonly WatchedTable[]> => service.tables();
  const metrics = new Metrics({ ...service, tables: () => answer() }, new Activity(), 20);
  await metrics.text();
  for (const broken of [
    () => Promise.reject(new Error('gone')),
    () => new Promise<never>(() => undefined),
  ]) {
    answer = broken;
    metrics.replication.failed({ code: 'target-full', message: 'full', hint: undefined });
    const samples = parseSamples(await metrics.text());
    assert.equal(valueOf(samples, 'ducktail_replica_readable'), 0);
    assert.equal(valueOf(samples, 'ducktail_lag_seconds'), 1.5);
    assert.equal(valueOf(samples, 'ducktail_table_rows', { table: 'orders' }), 12);
  }
  const samples = parseSamples(await metrics.text());
  assert.equal(valueOf(samples, 'ducktail_errors_total', { code: 'target-full' }), 2);
});
