import assert from 'node:assert/strict';
import test from 'node:test';
import { ServiceLife } from '../../src/service/service-life.js';
import { watchedReplica } from '../../src/service/watched-replica.js';
import { migrate } from '../../src/state/migrate.js';
import { recordQuarantine } from '../../src/state/quarantine.js';
import { Watch } from '../../src/watch/watch.js';
import { TempDatabase } from '../target/temp-database.js';
import { parseSamples, valueOf } from '../watch/exposition.js';

test('a table in quarantine is shown, also one that never had a copy', async () => {
  await using temp = await TempDatabase.open();
  const { database } = temp;
  await migrate(database);
  await database.transaction(() => recordQuarantine(database, 'main', 'orders', 'it was altered'));
  const stop = new AbortController();
  const life = new ServiceLife(stop.signal, true);
  using watch = await Watch.open(watchedReplica(database, 'main', life));
  const samples = parseSamples(await watch.metrics.text());
  for (const metric of ['ducktail_table_quarantined', 'ducktail_table_failed']) {
    assert.equal(valueOf(samples, metric, { table: 'orders' }), 1, metric);
  }
  assert.equal(valueOf(samples, 'ducktail_service_state', { state: 'source-unavailable' }), 1);
  stop.abort();
  assert.equal(life.state, 'stopping');
});

test('usage is that of the file, and the oldest reader is the one that was there first', async () => {
  await using temp = await TempDatabase.open();
  const { database } = temp;
  await migrate(database);
  const life = new ServiceLife(new AbortController().signal, false);
  const watched = watchedReplica(database, 'main', life);
  const before = await watched.usage();
  assert.ok(before.fileBytes + before.walBytes > 0);
  assert.ok(before.freeBytes > 0);
  assert.equal(before.oldestReaderSeconds, 0);
  const first = await database.connectReader();
  const second = await database.connectReader();
  const age = (await watched.usage()).oldestReaderSeconds;
  assert.ok(age > 0);
  second.close();
  assert.ok((await watched.usage()).oldestReaderSeconds > age);
  first.close();
  assert.equal((await watched.usage()).oldestReaderSeconds, 0);
});
