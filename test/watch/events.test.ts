import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { Activity } from '../../src/watch/activity.js';
import { EventHub } from '../../src/watch/event-hub.js';
import { EventStream } from '../../src/watch/event-stream.js';
import { Throughput } from '../../src/watch/throughput.js';
import type { WatchedTable } from '../../src/watch/watched-service.js';
import { fedWatch, ORDERS, stillService } from './fed-watch.js';
import { EventReader } from './event-reader.js';

test('a client is told how things stand, and then what changes', async () => {
  const tables: WatchedTable[] = [ORDERS];
  using watch = await fedWatch(tables);
  const stream = watch.events.open();
  assert.ok(stream);
  const events = new EventReader(stream);
  assert.equal((await events.next('status')).state, 'streaming');
  const progress = await events.next('progress');
  assert.deepEqual([progress.table, progress.rows, progress.percent], ['items', 50, 25]);
  assert.deepEqual(
    [await events.next('problem'), await events.next('problem')].map(({ message }) => message),
    ['gone', 'no'],
  );
  assert.deepEqual(await events.next('table'), ORDERS);

  const rows = { table: 'orders', inserted: 1, updated: 0, deleted: 0, bytes: 8 };
  for (let at = 0; at < 100; at++) {
    watch.observer.committed({ tables: [rows], seconds: 0, sourceTimeMs: null });
  }
  const applied = await events.next('applied');
  assert.deepEqual(applied, {
    ...{ table: 'orders', mode: 'cdc', inserted: 100, updated: 0, deleted: 0 },
  });
  const later = watch.events.open();
  assert.ok(later);
  const { rowsPerSecond } = await new EventReader(later).next('throughput');
  assert.equal(
    rowsPerSecond.reduce((sum, each) => sum + each, 0),
    106,
  );
  tables[0] = { ...ORDERS, rows: 13 };
  watch.observer.settled();
  assert.equal((await events.next('table')).rows, 13);
  tables.length = 0;
  watch.observer.settled();
  assert.deepEqual(await events.next('gone'), { table: 'orders' });
  watch.observer.quarantined('orders', 'why');
  assert.equal((await events.next('quarantine')).reason, 'why');
});

test('a copy that does not come to its end is not shown for ever', async () => {
  using watch = await fedWatch();
  const stream = watch.events.open();
  assert.ok(stream);
  const events = new EventReader(stream);
  assert.equal((await events.next('progress')).state, 'copying');
  watch.observer.settled();
  assert.equal((await events.next('progress')).state, 'failed');
  const later = watch.events.open()!;
  await events.next('status');
  assert.doesNotMatch(String(later.read()), /progress/);
});

test('what waits for a client is bounded, and one that is slow is dropped', async () => {
  using hub = new EventHub(stillService(), new Activity());
  const slow = hub.open();
  assert.ok(slow);
  const closed = once(slow, 'close').catch((error: unknown) => error);
  let most = 0;
  for (let at = 0; at < 1000 && !slow.destroyed; at++) {
    hub.warn('x'.repeat(100_000));
    most = Math.max(most, slow.readableLength);
  }
  assert.ok(slow.destroyed);
  assert.ok(most <= 2 * 1024 * 1024, `${most} bytes`);
  assert.match(String(await closed), /does not take its events/);
  // The next one has its place, and is told what is kept, which is bounded as well.
  const next = hub.open();
  assert.ok(next);
  assert.ok(next.readableLength < 1024 * 1024, `${next.readableLength} bytes`);
});

test('a client that comes back is told what it has not heard of, and how much is lost', () => {
  using hub = new EventHub(stillService(), new Activity());
  hub.warn('first');
  hub.quarantined('orders', 'second');
  const told = String(hub.open()!.read());
  const ids = [...told.matchAll(/^id: (\S+)$/gm)].map(([, id]) => id);
  assert.equal(ids.length, 2);
  const text = (lastId: string): string => String(hub.open(lastId)!.read());
  assert.match(text('another-1'), /"first"[^]*"second"/);
  assert.doesNotMatch(text(ids[0]), /"first"|missed/);
  assert.match(text(ids[0]), /"second"/);
  assert.doesNotMatch(text(ids[1]), /"first"|"second"|missed/);
  for (let at = 0; at < 60; at++) hub.warn(`later ${at}`);
  assert.match(text(ids[1]), /event: missed\ndata: \{"events":10\}\n\n[^]*"later 10"/);
  assert.doesNotMatch(text(ids[1]), /"later 9"/);
  for (const wrong of ['', '-', ids[0].replace(/\d+$/, '999999'), ids[0].replace(/\d+$/, '1e9')]) {
    assert.match(text(wrong), /^retry: \d+\n\nevent: status/);
  }
});

test('only so many clients are told, and all are told of the end', async () => {
  const hub = new EventHub(stillService(), new Activity(), 2);
  const clients = [hub.open(), hub.open()];
  assert.equal(hub.open(), null);
  clients[0]?.destroy();
  await once(clients[0]!, 'close');
  const again = hub.open();
  assert.ok(again);
  const ended = once(again.resume(), 'end');
  hub[Symbol.dispose]();
  await ended;
  assert.equal(hub.open(), null);
});

test('a stream takes nothing after its end', () => {
  const stream = new EventStream(10);
  stream.end();
  stream.write('late');
  stream.destroy();
  stream.write('later');
  assert.equal(stream.destroyed, true);
});

test('rows of a copy count as they come, others when they are committed', () => {
  const activity = new Activity();
  const rows = { inserted: 2, updated: 3, deleted: 0, bytes: 9, seconds: 1 };
  const { reporter } = activity;
  reporter.planned?.([{ table: 'orders', estimatedRows: 10 }]);
  reporter.tableStarted?.('orders');
  reporter.rowsWritten?.('orders', 7);
  reporter.tableFinished?.('orders', 7, 1);
  // It is read again, and most of it has not changed.
  reporter.rowsWritten?.('orders', 1000);
  activity.synced({ table: 'orders', mode: 'full', ...rows, error: null });
  activity.synced({ table: 'orders', mode: 'incremental', ...rows, error: null });
  activity.synced({ table: 'orders', mode: 'incremental', ...rows, error: new Error('no') });
  activity.retain(new Set());
  const count = Number(
    new Map(activity.histories(Date.now() + 1000)).get('orders')?.reduce((sum, each) => sum + each),
  );
  assert.equal(count, 12);
  activity.retain(new Set(), Date.now() + 120_000);
  assert.deepEqual(activity.histories(), []);
});

test('throughput is that of the last whole seconds', () => {
  const throughput = new Throughput();
  for (let second = 1; second <= 100; second++) throughput.note(second, second * 1000);
  const history = throughput.history(100_500);
  assert.deepEqual([history.length, history[0], history.at(-1)], [59, 41, 99]);
  assert.equal(throughput.perSecond(100_500), 94.5);
  assert.equal(throughput.perSecond(105_000), (95 + 96 + 97 + 98 + 99 + 100) / 10);
  assert.equal(throughput.perSecond(1_000_000), 0);
});
