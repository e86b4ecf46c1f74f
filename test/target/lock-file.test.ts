import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { acquireLock, type LockHolder, readLockHolder } from '../../src/target/lock-file.js';
import { TempFolder } from '../helpers/temp-folder.js';

const CONTENDER = fileURLToPath(new URL('./lock-contender.js', import.meta.url));

test('the lock says who holds it, and its release leaves nothing', async () => {
  await using folder = await TempFolder.open();
  const path = folder.file('replica.duckdb');
  assert.equal(await readLockHolder(path), null);
  const before = Date.now();
  const lock = await acquireLock(path, 'ducktail run');
  const holder = JSON.parse(await readFile(`${path}.lock`, 'utf8')) as LockHolder;
  assert.equal(holder.pid, process.pid);
  assert.equal(holder.host, hostname());
  assert.equal(holder.owner, 'ducktail run');
  assert.ok(Date.parse(holder.since) >= before && Date.parse(holder.since) <= Date.now());
  assert.deepEqual(await readLockHolder(path), holder);
  await assert.rejects(acquireLock(path, 'ducktail sync'), {
    code: 'target-busy',
    message: `${path} is in use by 'ducktail run' (pid ${process.pid}, since ${holder.since})`,
  });
  assert.deepEqual(await readdir(folder.path), ['replica.duckdb.lock']);
  await lock.release();
  assert.deepEqual(await readdir(folder.path), []);
  assert.equal(await readLockHolder(path), null);
});

test('a lock is for one file alone', async () => {
  await using folder = await TempFolder.open();
  const first = await acquireLock(folder.file('a.duckdb'), 'ducktail sync');
  const second = await acquireLock(folder.file('b.duckdb'), 'ducktail sync');
  await first.release();
  await second.release();
});

test('a lock of another host counts as long as DuckDB says that the file is taken', async () => {
  await using folder = await TempFolder.open();
  const path = folder.file('replica.duckdb');
  const elsewhere: LockHolder = {
    pid: process.pid,
    host: `not-${hostname()}`,
    owner: 'ducktail run',
    since: '2026-01-01T00:00:00.000Z',
    processStart: null,
  };
  await writeFile(`${path}.lock`, JSON.stringify(elsewhere));
  await assert.rejects(
    acquireLock(path, 'ducktail sync', () => Promise.resolve(false)),
    { code: 'target-busy', message: new RegExp(`'ducktail run' .* on not-${hostname()}`) },
  );
  const lock = await acquireLock(path, 'ducktail sync', () => Promise.resolve(true));
  assert.equal((await readLockHolder(path))?.owner, 'ducktail sync');
  await lock.release();
  assert.deepEqual(await readdir(folder.path), []);
});

interface Contender {
  readonly child: ChildProcess;
  readonly says: Promise<string>;
}

function startContender(path: string): Contender {
  const child = fork(CONTENDER, [path]);
  const says = once(child, 'message').then(([message]) => String(message));
  return { child, says };
}

/** Lets it end and waits for that. */
async function dismiss({ child }: Contender): Promise<void> {
  const ended = once(child, 'exit');
  child.send('end');
  await ended;
}

const CONTENDERS = 4;

for (const what of ['no lock', 'a stale lock']) {
  test(`of processes that race for the file with ${what} there, one has it`, async () => {
    await using folder = await TempFolder.open();
    const path = folder.file('replica.duckdb');
    for (let round = 0; round < 2; round++) {
      if (what === 'a stale lock') {
        const dead: LockHolder = {
          pid: 2 ** 22 + 1,
          host: hostname(),
          owner: 'ducktail sync',
          since: new Date().toISOString(),
          processStart: '1',
        };
        await writeFile(`${path}.lock`, JSON.stringify(dead));
      }
      const contenders = Array.from({ length: CONTENDERS }, () => startContender(path));
      for (const { says } of contenders) assert.equal(await says, 'ready');
      const answers = contenders.map(({ child }) => once(child, 'message'));
      for (const { child } of contenders) child.send('go');
      const outcomes = (await Promise.all(answers)).map(([message]) => String(message));
      assert.equal(outcomes.filter((outcome) => outcome === 'open').length, 1, outcomes.join());
      assert.equal(outcomes.filter((outcome) => outcome === 'target-busy').length, CONTENDERS - 1);
      await Promise.all(contenders.map(dismiss));
      assert.equal(existsSync(`${path}.lock`), false);
    }
  });
}
