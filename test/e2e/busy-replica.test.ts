import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import test from 'node:test';
import { assertSameData } from '../helpers/compare.js';
import { runDucktail } from '../helpers/ducktail.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import { assertFailedClearly } from './support/clear-message.js';
import { DucktailChild } from './support/ducktail-child.js';
import { DuckdbHolder } from './support/duckdb-holder.js';
import type { HookPlan } from './support/hook-plan.js';
import { addTextTable } from './support/text-table.js';

const HOLD: HookPlan = { point: 'flush', action: 'hold' };

async function openSource(): Promise<TestSource> {
  const source = await TestSource.open('mysql');
  await addTextTable(source, { name: 'texts', rows: 100, bytes: 64 });
  return source;
}

test('while a sync runs, every other command names it and its pid', async (t) => {
  await using source = await openSource();
  await using folder = await TempFolder.open();
  const duckdbPath = folder.file('replica.duckdb');
  const env = { MYSQL_URL: source.url, DUCKDB_PATH: duckdbPath };
  await using child = DucktailChild.start(['sync', '--json'], env, { plan: HOLD });
  await child.reached();
  for (const args of [['sync'], ['status'], ['query', 'SELECT 1']]) {
    await t.test(args[0], async () => {
      assertFailedClearly(await runDucktail([...args, '--json'], env), {
        exitCode: 1,
        code: 'target-busy',
        message: new RegExp(
          `^${duckdbPath} is in use by 'ducktail sync' \\(pid ${child.pid}, since [\\d-]+T[\\d:.]+Z\\)$`,
        ),
        hint: /stop that one, or wait for it/,
      });
    });
  }
  child.resume();
  const run = await child.ended;
  assert.equal(run.exitCode, 0, run.stderr);
  assert.equal(existsSync(`${duckdbPath}.lock`), false);
  await assertSameData(source, duckdbPath);
});

test('the lock of a process that was killed is taken over', async () => {
  await using source = await openSource();
  await using folder = await TempFolder.open();
  const duckdbPath = folder.file('replica.duckdb');
  const env = { MYSQL_URL: source.url, DUCKDB_PATH: duckdbPath };
  await using child = DucktailChild.start(['sync'], env, { plan: HOLD });
  await child.reached();
  child.signal('SIGKILL');
  await child.ended;
  const left = JSON.parse(await readFile(`${duckdbPath}.lock`, 'utf8')) as { pid: number };
  assert.equal(left.pid, child.pid);
  const status = await runDucktail(['status', '--json'], env);
  assert.deepEqual(status.json(), { service: null, cdc: null, tables: [] });
  const again = await runDucktail(['sync'], env);
  assert.equal(again.exitCode, 0, again.stderr);
  assert.equal(existsSync(`${duckdbPath}.lock`), false);
  await assertSameData(source, duckdbPath);
});

test('a lock that says nothing, or names a pid that another process now has, is taken over', async () => {
  await using source = await openSource();
  await using folder = await TempFolder.open();
  const duckdbPath = folder.file('replica.duckdb');
  const env = { MYSQL_URL: source.url, DUCKDB_PATH: duckdbPath };
  const reused = {
    pid: process.pid,
    host: hostname(),
    owner: 'ducktail sync',
    since: new Date().toISOString(),
    processStart: '1',
  };
  for (const content of ['', '{', JSON.stringify(reused)]) {
    await writeFile(`${duckdbPath}.lock`, content);
    const run = await runDucktail(['sync'], env);
    assert.equal(run.exitCode, 0, run.stderr);
    assert.equal(existsSync(`${duckdbPath}.lock`), false);
  }
});

test('a lock of another machine counts while the file is held, and is taken over after that', async (t) => {
  await using source = await openSource();
  await using folder = await TempFolder.open();
  const duckdbPath = folder.file('replica.duckdb');
  const since = new Date().toISOString();
  const elsewhere = { pid: 1, host: 'elsewhere', owner: 'ducktail run', since, processStart: null };
  const env = { MYSQL_URL: source.url, DUCKDB_PATH: duckdbPath };
  const duckdbHolder = await DuckdbHolder.open(duckdbPath);
  await writeFile(`${duckdbPath}.lock`, JSON.stringify(elsewhere));
  for (const args of [['sync'], ['status'], ['query', 'SELECT 1']]) {
    await t.test(args[0], async () => {
      assertFailedClearly(await runDucktail([...args, '--json'], env), {
        exitCode: 1,
        code: 'target-busy',
        message: /in use by 'ducktail run' \(pid 1 on elsewhere, since /,
        hint: /stop that one, or wait for it/,
      });
      assert.equal(existsSync(`${duckdbPath}.lock`), true);
    });
  }
  await duckdbHolder[Symbol.asyncDispose]();
  const query = await runDucktail(['query', 'SELECT 1', '--json'], env);
  assert.equal(query.exitCode, 0, query.stderr);
  const sync = await runDucktail(['sync'], env);
  assert.equal(sync.exitCode, 0, sync.stderr);
  assert.equal(existsSync(`${duckdbPath}.lock`), false);
  await assertSameData(source, duckdbPath);
});

test('a process that has the file open without a lock of ours is named as well', async (t) => {
  await using source = await openSource();
  await using folder = await TempFolder.open();
  const duckdbPath = folder.file('replica.duckdb');
  const env = { MYSQL_URL: source.url, DUCKDB_PATH: duckdbPath };
  await using holder = await DuckdbHolder.open(duckdbPath);
  for (const args of [['sync'], ['status'], ['query', 'SELECT 1']]) {
    await t.test(args[0], async () => {
      assertFailedClearly(await runDucktail([...args, '--json'], env), {
        exitCode: 1,
        code: 'target-busy',
        message: new RegExp(`^${duckdbPath} is in use by .*\\(PID ${holder.pid}\\)`),
        hint: /stop that one, or wait for it/,
      });
      assert.equal(existsSync(`${duckdbPath}.lock`), false);
    });
  }
});
