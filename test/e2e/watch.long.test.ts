import assert from 'node:assert/strict';
import test from 'node:test';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import { WatchedService } from './support/watched-service.js';

/** Longer than a request's body may take to come. */
const MINUTE_MS = 60_000;

test('events go on for as long as a client reads them', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  await source.run('CREATE TABLE t (id INT PRIMARY KEY)');
  await using watched = await WatchedService.launch(source, folder.file('replica.duckdb'));
  await watched.service.streaming();
  const stop = new AbortController();
  const events = await watched.events(stop.signal);
  const startedAt = performance.now();
  let told = 0;
  while (performance.now() - startedAt < MINUTE_MS) {
    await events.next('status');
    told++;
  }
  assert.ok(told >= 6, `${told} events`);
  await source.run('INSERT INTO t VALUES (1)');
  assert.equal((await events.next('applied')).inserted, 1);
  stop.abort();
});
