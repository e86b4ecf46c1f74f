import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import test from 'node:test';
import { assertSameData } from '../helpers/compare.js';
import { runDucktail } from '../helpers/ducktail.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import { LocalS3 } from '../storage/local-s3.js';
import { assertFailedClearly } from './support/clear-message.js';
import { DucktailChild } from './support/ducktail-child.js';
import type { Restored, TakenBackup } from './support/kept-source.js';

const KEY = '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff';

test('a backup goes to S3, encrypted, and comes back; the newest is found', async () => {
  await using s3 = await LocalS3.open();
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  await source.run('CREATE TABLE t (id INT PRIMARY KEY)', 'INSERT INTO t VALUES (1), (2)');
  const place = `s3://${LocalS3.bucket}/shop`;
  const env = {
    ...s3.variables,
    MYSQL_URL: source.url,
    DUCKDB_PATH: folder.file('replica.duckdb'),
    BACKUP_TARGET: place,
    BACKUP_ENCRYPTION_KEY: KEY,
    BACKUP_KEEP: '1',
  };
  assert.equal((await runDucktail(['sync'], env)).exitCode, 0);
  const first = await runDucktail(['backup', '--json'], env);
  assert.equal(first.exitCode, 0, first.stderr);
  // What it prints is the command's own.
  assert.doesNotMatch(first.stderr, /Warning/);
  await source.run('INSERT INTO t VALUES (3)');
  assert.equal((await runDucktail(['sync', '--full'], env)).exitCode, 0);
  const second = (await runDucktail(['backup', '--json'], env)).json<TakenBackup>();
  const firstName = first.json<TakenBackup>().backup.split('/').at(-1);
  assert.deepEqual(second.removed, [firstName]);
  assert.ok(second.backup.startsWith(`${place}/ducktail-`), second.backup);

  for (const [name, from] of [
    ['newest', place],
    ['named', second.backup],
  ]) {
    const to = folder.file(`${name}.duckdb`);
    const run = await runDucktail(['restore', from, '--json'], { ...env, DUCKDB_PATH: to });
    assert.equal(run.exitCode, 0, run.stderr);
    assert.equal(run.json<Restored>().backup, second.backup);
    await assertSameData(source, to);
  }

  const lost = { ...env, S3_ENDPOINT: 'http://127.0.0.1:9' };
  assertFailedClearly(
    await runDucktail(['backup', '--json'], lost),
    {
      exitCode: 1,
      code: 'storage-failed',
      message: /^s3:\/\/kept\/shop can't be used: /,
      hint: /S3_ENDPOINT/,
    },
    [KEY, 'S3RVER'],
  );
});

test('a backup to a server that never answers can be stopped', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  await source.run('CREATE TABLE t (id INT PRIMARY KEY)');
  const silent = createServer(() => undefined);
  await once(silent.listen(0, '127.0.0.1'), 'listening');
  const { port } = silent.address() as AddressInfo;
  try {
    const env = {
      MYSQL_URL: source.url,
      DUCKDB_PATH: folder.file('replica.duckdb'),
      S3_ENDPOINT: `http://127.0.0.1:${port}`,
      AWS_ACCESS_KEY_ID: 'S3RVER',
      AWS_SECRET_ACCESS_KEY: 'S3RVER',
    };
    assert.equal((await runDucktail(['sync'], env)).exitCode, 0);
    for (const command of [['backup'], ['restore']]) {
      const asked = once(silent, 'connection');
      const args = [...command, 's3://kept/shop', '--json'];
      const own = {
        ...env,
        DUCKDB_PATH: folder.file(command[0] === 'backup' ? 'replica.duckdb' : 'r'),
      };
      await using child = DucktailChild.start(args, own, { timeoutMs: 30_000 });
      await asked;
      child.signal('SIGINT');
      const run = await child.ended;
      assert.equal(run.signal, null, 'it did not end');
      assertFailedClearly(run, {
        exitCode: 1,
        code: 'aborted',
        message: /^stopped by SIGINT/,
        hint: null,
      });
    }
    assert.deepEqual(await readdir(folder.path), ['replica.duckdb']);
  } finally {
    silent.close();
  }
});
