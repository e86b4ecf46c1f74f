import assert from 'node:assert/strict';
import test from 'node:test';
import { Turns } from '../../src/common/turns.js';

const unending = new AbortController().signal;

test('as many works as there are places run at once, the others in order', async () => {
  const turns = new Turns(2);
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const works = [0, 1, 2, 3].map((at) =>
    turns.run(unending, async () => {
      begun.push(at);
      await new Promise<void>((resolve) => ends.push(resolve));
      return at;
    }),
  );
  await Promise.resolve();
  assert.deepEqual(begun, [0, 1]);
  assert.equal(turns.isTaken, true);
  ends[1]();
  assert.equal(await works[1], 1);
  await Promise.resolve();
  assert.deepEqual(begun, [0, 1, 2]);
  ends[0]();
  await works[0];
  await Promise.resolve();
  assert.deepEqual(begun, [0, 1, 2, 3]);
  ends[2]();
  ends[3]();
  assert.deepEqual(await Promise.all(works), [0, 1, 2, 3]);
  assert.equal(turns.isTaken, false);
});

test('who is aborted while waiting leaves the line, and a failure frees its place', async () => {
  const turns = new Turns(1);
  const stop = new AbortController();
  const failing = turns.run(unending, async () => {
    await Promise.resolve();
    throw new Error('failed');
  });
  const leaving = turns.run(stop.signal, () => Promise.resolve('never'));
  const staying = turns.run(unending, () => Promise.resolve('done'));
  stop.abort(new Error('left'));
  await assert.rejects(leaving, /left/);
  await assert.rejects(failing, /failed/);
  assert.equal(await staying, 'done');
  await assert.rejects(
    turns.run(stop.signal, () => Promise.resolve()),
    /left/,
  );
  assert.equal(turns.isTaken, false);
});
