import assert from 'node:assert/strict';
import test from 'node:test';
import { TempFolder } from '../helpers/temp-folder.js';
import { valueOf } from '../watch/exposition.js';
import { readerToken, WatchedService } from './support/watched-service.js';
import { countedRows, openSource, watchTests } from './support/watch-tests.js';

watchTests('mysql');

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
    (found) =>
      countedRows(found, 'seen', 'incremental').insert +
        countedRows(found, 'seen', 'full').insert ===
      2,
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
