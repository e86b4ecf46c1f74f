import assert from 'node:assert/strict';
import test from 'node:test';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import type { Flavour } from '../servers/test-server.js';
import { type Sample, valueOf } from '../watch/exposition.js';
import { readerToken, WatchedService } from './support/watched-service.js';

const FLAVOURS: readonly Flavour[] = ['mysql', 'mariadb'];

async function openSource(flavour: Flavour): Promise<TestSource> {
  const source = await TestSource.open(flavour);
  await source.run(
    'CREATE TABLE orders (id INT PRIMARY KEY, v VARCHAR(100), day DATE)',
    `INSERT INTO orders VALUES (1, 'a', '2024-01-01'), (2, 'b', '0000-00-00'), (3, 'c', NULL)`,
    'CREATE TABLE notes (id INT PRIMARY KEY, text TEXT)',
  );
  return source;
}

function rows(
  samples: readonly Sample[],
  table: string,
  mode: string,
): Record<'insert' | 'update' | 'delete', number> {
  const count = (change: string): number =>
    valueOf(samples, 'ducktail_rows_total', { table, mode, change }) ?? 0;
  return { insert: count('insert'), update: count('update'), delete: count('delete') };
}

for (const flavour of FLAVOURS) {
  test(`${flavour}: metrics and events tell what the service does`, async () => {
    await using source = await openSource(flavour);
    await using folder = await TempFolder.open();
    const stop = new AbortController();
    await using watched = await WatchedService.launch(source, folder.file('replica.duckdb'), {
      API_TOKENS: readerToken(),
    });
    const { service } = watched;
    await service.streaming();
    const events = await watched.events(stop.signal);
    await events.next('status', ({ state }) => state === 'streaming');
    const first = await events.next('table', ({ table }) => table === 'orders');
    assert.deepEqual([first.rows, first.rejectedValues], [3, 1]);

    const before = await watched.samples();
    assert.deepEqual(rows(before, 'orders', 'full'), { insert: 3, update: 0, delete: 0 });
    assert.deepEqual(rows(before, 'orders', 'cdc'), { insert: 0, update: 0, delete: 0 });
    assert.equal(valueOf(before, 'ducktail_table_rejected_values', { table: 'orders' }), 1);
    assert.equal(valueOf(before, 'ducktail_service_state', { state: 'streaming' }), 1);

    await source.run(
      `INSERT INTO orders VALUES (4, 'd', '0000-00-00'), (5, 'e', NULL), (6, 'f', NULL)`,
      `UPDATE orders SET v = CONCAT(v, '!') WHERE id IN (1, 5)`,
      'DELETE FROM orders WHERE id = 3',
      `INSERT INTO notes VALUES (1, REPEAT('x', 5000))`,
    );
    await service.caughtUp();
    const applied = { inserted: 0, updated: 0, deleted: 0 };
    await events.next('applied', ({ table, inserted, updated, deleted }) => {
      if (table !== 'orders') return false;
      applied.inserted += inserted;
      applied.updated += updated;
      applied.deleted += deleted;
      return applied.inserted - applied.deleted === 2;
    });
    const after = await watched.samplesUntil(
      'the record of the rows is up to date',
      (samples) => valueOf(samples, 'ducktail_table_rows', { table: 'orders' }) === 5,
    );
    const counted = rows(after, 'orders', 'cdc');
    assert.deepEqual(
      { inserted: counted.insert, updated: counted.update, deleted: counted.delete },
      applied,
    );
    assert.equal(counted.insert - counted.delete, 2);
    assert.deepEqual(rows(after, 'notes', 'cdc'), { insert: 1, update: 0, delete: 0 });
    const bytes = valueOf(after, 'ducktail_read_bytes_total', { table: 'notes', mode: 'cdc' });
    assert.ok(bytes !== null && bytes >= 5000 && bytes < 6000, `${bytes} bytes`);
    assert.equal(valueOf(after, 'ducktail_table_rejected_values', { table: 'orders' }), 2);
    const batches = valueOf(after, 'ducktail_batches_total');
    assert.ok(batches !== null && batches >= 1 && batches <= 4, `${batches} batches`);
    assert.equal(valueOf(after, 'ducktail_apply_duration_seconds_count'), batches);
    assert.equal(valueOf(after, 'ducktail_commit_lag_seconds_count'), batches);
    const lag = valueOf(after, 'ducktail_lag_seconds');
    assert.ok(lag !== null && lag < 60, `${lag} s of lag`);
    const left = valueOf(after, 'ducktail_binlog_retention_left_seconds');
    assert.ok(left !== null && left > 60, `${left} s of retention`);
    assert.ok((valueOf(after, 'ducktail_file_bytes') ?? 0) > 0);
    assert.ok((valueOf(after, 'ducktail_disk_free_bytes') ?? 0) > 0);
    assert.ok((valueOf(after, 'process_resident_memory_bytes') ?? 0) > 1e6);
    assert.equal(valueOf(after, 'ducktail_source_reconnects_total'), 0);
    assert.equal(valueOf(after, 'ducktail_queries_running'), 0);
    assert.equal(valueOf(after, 'ducktail_table_quarantined', { table: 'orders' }), 0);

    // Rows that only the source knows how to make: the table is left out, and copied again.
    await source.run('ALTER TABLE notes ADD COLUMN more INT NOT NULL DEFAULT 7');
    assert.equal((await events.next('quarantine')).table, 'notes');
    const copied = await events.next('progress', ({ table, state }) => {
      return table === 'notes' && state === 'copied';
    });
    assert.deepEqual([copied.rows, copied.percent], [1, 100]);
    await service.caughtUp();
    const altered = await watched.samples();
    assert.deepEqual(rows(altered, 'notes', 'full').insert, 1);
    assert.equal(valueOf(altered, 'ducktail_quarantines_total', { table: 'notes' }), 1);

    await service.stop();
    await events.end();
  });
}

test('queries are counted, whoever asks', async () => {
  await using source = await openSource('mysql');
  await using folder = await TempFolder.open();
  await using watched = await WatchedService.launch(source, folder.file('replica.duckdb'));
  await watched.service.streaming();
  assert.deepEqual(await watched.service.query('SELECT count(*) FROM orders'), [['3']]);
  await assert.rejects(watched.service.query('SELECT nonsense'));
  const samples = await watched.samples();
  assert.equal(valueOf(samples, 'ducktail_queries_total', { result: 'ok' }), 1);
  assert.equal(valueOf(samples, 'ducktail_queries_total', { result: 'query-failed' }), 1);
  assert.equal(valueOf(samples, 'ducktail_query_duration_seconds_count'), 2);
  await watched.service.stop();
});

test('a schedule is watched as well', async () => {
  await using source = await openSource('mysql');
  await using folder = await TempFolder.open();
  await source.run(
    'CREATE TABLE seen (id INT PRIMARY KEY, at TIMESTAMP(6) DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6))',
  );
  await using watched = await WatchedService.launch(source, folder.file('replica.duckdb'), {
    CDC_ENABLED: 'false',
    INCREMENTAL_SCHEDULE: '* * * * * *',
    INCLUDE_TABLES: 'seen',
  });
  await source.run('INSERT INTO seen (id) VALUES (1), (2)');
  const samples = await watched.samplesUntil(
    'both rows came over',
    (found) => rows(found, 'seen', 'incremental').insert + rows(found, 'seen', 'full').insert === 2,
  );
  assert.equal(valueOf(samples, 'ducktail_lag_seconds'), null);
  assert.equal(valueOf(samples, 'ducktail_binlog_retention_left_seconds'), null);
});

test('readers may watch, others may not, and a lost source shows', async () => {
  await using source = await openSource('mysql');
  await using folder = await TempFolder.open();
  await using watched = await WatchedService.launch(source, folder.file('replica.duckdb'), {
    API_TOKENS: readerToken(),
    MYSQL_URL: source.url.replace(/:\d+\//, ':1/'),
  });
  for (const path of ['/metrics', '/api/events']) {
    const response = await watched.fetch(path, { headers: {} });
    assert.equal(response.status, 401);
    await response.body?.cancel();
  }
  assert.equal((await watched.fetch('/', { headers: {} })).status, 200);
  const stop = new AbortController();
  const events = await watched.events(stop.signal);
  await events.next('status', ({ state }) => state === 'source-unavailable');
  const problem = await events.next('problem');
  assert.equal(problem.code, 'source-unavailable');
  assert.ok(events.lastId);
  const resumed = await watched.events(stop.signal, events.lastId);
  assert.ok((await resumed.next('problem')).at > problem.at);
  assert.equal((await (await watched.events(stop.signal)).next('problem')).at, problem.at);
  const samples = await watched.samples();
  assert.equal(valueOf(samples, 'ducktail_service_state', { state: 'source-unavailable' }), 1);
  assert.ok((valueOf(samples, 'ducktail_errors_total', { code: 'source-unavailable' }) ?? 0) > 0);
  stop.abort();
});
