import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { QueryPace } from '../../src/http/query-pace.js';

const NEVER = new AbortController().signal;

test('queries run at once where replication is not behind', async () => {
  const pace = new QueryPace(() => false);
  const { promise, resolve } = open();
  const first = pace.run(NEVER, () => promise);
  await pace.run(NEVER, () => {
    resolve();
    return Promise.resolve();
  });
  await first;
});

test('where it is behind, the next one waits for many times what one took', async () => {
  const pace = new QueryPace(() => true);
  const tookMs = await timed(() => pace.run(NEVER, () => delay(20)));
  const waitedMs = await timed(() => pace.run(NEVER, () => Promise.resolve()));
  // Timers may be early by a millisecond.
  assert.ok(waitedMs > 18 * 19, `after ${tookMs} ms it waited for ${waitedMs} ms`);
});

test('one that takes long, or whose client does, holds the next one up for a while only', async () => {
  const pace = new QueryPace(() => true, 200);
  const { promise, resolve } = open();
  const long = pace.run(NEVER, () => promise);
  await pace.run(NEVER, () => Promise.resolve());
  // The end of the long one does not put off who comes after others.
  resolve();
  await long;
  assert.equal(await pace.run(NEVER, () => Promise.resolve('next')), 'next');
});

test('who waits goes on when replication has caught up, and leaves with its client', async () => {
  let isBehind = true;
  const pace = new QueryPace(() => isBehind, 60_000);
  const { promise, resolve } = open();
  const long = pace.run(NEVER, () => promise);
  const client = new AbortController();
  const leaving = assert.rejects(
    pace.run(client.signal, () => Promise.resolve()),
    { message: 'gone' },
  );
  const waiting = pace.run(NEVER, () => Promise.resolve('done'));
  client.abort(new Error('gone'));
  await leaving;
  isBehind = false;
  assert.equal(await waiting, 'done');
  resolve();
  await long;
});

async function timed(work: () => Promise<unknown>): Promise<number> {
  const sinceMs = performance.now();
  await work();
  return performance.now() - sinceMs;
}

function open(): { promise: Promise<void>; resolve: () => void } {
  let resolve!: () => void;
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}
