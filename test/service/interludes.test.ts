import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Interludes } from '../../src/service/interludes.js';

const NEVER = new AbortController().signal;
const atRest = (): boolean => true;

/** As a replication does it: attempts that last until they are to be left. Ends behind the last one. */
async function follow(interludes: Interludes, attempts: number, log: string[]): Promise<void> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    await interludes.serve();
    const leave = interludes.begin();
    log.push(`attempt ${attempt}`);
    if (!leave.aborted) await once(leave, 'abort');
  }
  await interludes.serve();
}

test('a task has its time between two attempts, and orders wait for its end', async () => {
  const interludes = new Interludes();
  const log: string[] = [];
  const following = follow(interludes, 1, log);
  const task = interludes.run(
    atRest,
    async () => {
      log.push('task');
      await Promise.resolve();
      log.push('task done');
      return 7;
    },
    NEVER,
  );
  const order = interludes.order(() => Promise.resolve(log.push('order')));
  assert.equal(await task, 7);
  await Promise.all([order, following]);
  assert.deepEqual(log, ['attempt 1', 'task', 'task done', 'order']);
});

test('a task waits for orders, for rest, and for the task before it', async () => {
  const interludes = new Interludes();
  const log: string[] = [];
  let isAtRest = false;
  let finish = (): void => undefined;
  const order = interludes.order(
    () =>
      new Promise<void>((resolve) => {
        finish = resolve;
      }),
  );
  const following = follow(interludes, 2, log);
  const note = (word: string) => () => Promise.resolve(log.push(word));
  const tasks = [
    interludes.run(() => isAtRest, note('one'), NEVER),
    interludes.run(() => isAtRest, note('two'), NEVER),
  ];
  await setImmediate();
  assert.deepEqual(log, ['attempt 1']);
  isAtRest = true;
  log.push('at rest');
  finish();
  await order;
  await Promise.all([...tasks, following]);
  assert.deepEqual(log, ['attempt 1', 'at rest', 'one', 'attempt 2', 'two']);
});

test('a task that is given up before its time leaves the next attempt alone', async () => {
  const interludes = new Interludes();
  const leave = interludes.begin();
  const stop = new AbortController();
  const task = interludes.run(atRest, () => Promise.reject(new Error('it ran')), stop.signal);
  assert.equal(leave.aborted, true);
  stop.abort(new Error('given up'));
  await assert.rejects(task, /given up/);
  await interludes.serve();
  assert.equal(interludes.begin().aborted, false);
});

test('what a task fails with is its own: the replication goes on', async () => {
  const interludes = new Interludes();
  const log: string[] = [];
  const following = follow(interludes, 1, log);
  const failure = interludes.run(atRest, () => Promise.reject(new Error('no space')), NEVER);
  await assert.rejects(failure, /no space/);
  await following;
});
