import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import test, { type TestContext } from 'node:test';
import { assertSameData } from '../helpers/compare.js';
import { runDucktail } from '../helpers/ducktail.js';
import { Replica } from '../helpers/replica.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import { waitFor } from '../helpers/wait-for.js';
import { assertFailedClearly } from './support/clear-message.js';
import { DucktailChild } from './support/ducktail-child.js';
import { Service } from './support/service.js';
import { SmallDisk } from './support/small-disk.js';

const ROWS = 8_000;
const FULL = { exitCode: 1, code: 'target-full' } as const;

async function openDisk(t: TestContext, megabytes: number): Promise<SmallDisk | null> {
  const disk = await SmallDisk.open(megabytes);
  if (disk === null) t.skip('nobody may mount a file system here');
  return disk;
}

/** Random bytes, which nothing makes smaller: about 8 MB. */
async function openSource(): Promise<TestSource> {
  const source = await TestSource.open('mysql');
  await source.run('SET SESSION sql_log_bin = 0');
  await source.addNumbers(ROWS);
  await source.run(
    `CREATE TABLE noise (id INT PRIMARY KEY, v VARBINARY(1000),
       at TIMESTAMP(6) DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6))`,
    'INSERT INTO noise (id, v) SELECT n, RANDOM_BYTES(1000) FROM numbers',
    'DROP TABLE numbers',
  );
  return source;
}

async function namesOn(disk: SmallDisk): Promise<string[]> {
  await using copy = await TempFolder.open();
  await disk.copyTo(copy.path);
  return (await readdir(copy.path)).filter((name) => name !== 'filler').sort();
}

test('a full disk under a restore is told, and nothing of it is left', async (t) => {
  await using disk = await openDisk(t, 4);
  if (disk === null) return;
  await using source = await openSource();
  await using folder = await TempFolder.open();
  const env = { MYSQL_URL: source.url, DUCKDB_PATH: folder.file('replica.duckdb') };
  assert.equal((await runDucktail(['sync'], env)).exitCode, 0);
  assert.equal((await runDucktail(['backup', folder.file('backups')], env)).exitCode, 0);
  const path = disk.file('restored.duckdb');
  const restore = async () => {
    const args = ['restore', folder.file('backups'), '--json'];
    await using child = DucktailChild.start(
      args,
      { DUCKDB_PATH: path },
      { launcher: disk.launcher },
    );
    return await child.ended;
  };
  const expected = {
    ...FULL,
    message: /^the disk under .*restored\.duckdb.* is full$/,
    hint: /Free/,
  };
  assertFailedClearly(await restore(), expected);
  assert.deepEqual(await namesOn(disk), []);
  // Without room for so much as the lock.
  await disk.fill();
  assertFailedClearly(await restore(), expected);
  assert.deepEqual(await namesOn(disk), []);
  await disk.resize(40);
  const again = await restore();
  assert.equal(again.exitCode, 0, again.stderr);
  await using copy = await TempFolder.open();
  await disk.copyTo(copy.path);
  await assertSameData(source, copy.file('restored.duckdb'));
});

test('a full disk under the published snapshot is told, and the last one stays', async (t) => {
  await using disk = await openDisk(t, 4);
  if (disk === null) return;
  await using source = await openSource();
  await source.run('CREATE TABLE few (id INT AUTO_INCREMENT PRIMARY KEY)');
  await using service = await Service.start(
    source.url,
    { SNAPSHOT_PATH: disk.file('shop.duckdb'), SNAPSHOT_INTERVAL: '1' },
    { launcher: disk.launcher },
  );
  await service.answers();
  await service.child.says(/snapshot failed: the disk under .*shop\.duckdb.* is full/);
  // Replication and the replica take no harm.
  await source.run('INSERT INTO few VALUES (1)');
  await service.shows('SELECT count(*)::VARCHAR FROM few', [['1']]);
  await disk.resize(20);
  const count = async (): Promise<unknown> => {
    await using copy = await TempFolder.open();
    await disk.copyTo(copy.path);
    using replica = await Replica.open(copy.file('shop.duckdb'));
    return (await replica.texts('SELECT count(*)::VARCHAR FROM noise'))[0][0];
  };
  // The first ones may have been published before there was any table.
  await waitFor(async () => (await count().catch(() => null)) === String(ROWS));
  await disk.fill();
  await source.run('INSERT INTO few VALUES (2)');
  const failures = (): number => service.child.stderr.split('snapshot failed').length;
  const before = failures();
  await waitFor(() => Promise.resolve(failures() > before + 1));
  assert.equal(await count(), String(ROWS));
  await service.shows('SELECT count(*)::VARCHAR FROM few', [['2']]);
  service.child.signal('SIGTERM');
  assert.equal((await service.child.ended).exitCode, 0);
  assert.deepEqual(await namesOn(disk), ['shop.duckdb']);
});

test('a full disk under a compaction is told, and the service goes on with the file as it was', async (t) => {
  await using disk = await openDisk(t, 30);
  if (disk === null) return;
  await using source = await openSource();
  const duckdbPath = disk.file('replica.duckdb');
  const env = { MYSQL_URL: source.url, DUCKDB_PATH: duckdbPath };
  const run = async (...args: string[]) => {
    await using child = DucktailChild.start([...args, '--json'], env, { launcher: disk.launcher });
    return await child.ended;
  };
  assert.equal((await run('sync')).exitCode, 0);
  await disk.fill();
  const expected = { ...FULL, message: /^the disk under .*replica\.duckdb is full$/, hint: /Free/ };
  assertFailedClearly(await run('compact'), expected);
  assert.deepEqual(await namesOn(disk), ['replica.duckdb']);

  await disk.resize(36);
  await using service = await Service.start(
    source.url,
    { DUCKDB_PATH: duckdbPath },
    { launcher: disk.launcher },
  );
  await service.answers();
  assertFailedClearly(await run('compact'), expected);
  await source.run('INSERT INTO noise (id, v) VALUES (-1, NULL)');
  const rows = async (): Promise<string> => {
    const { stdout } = await run('query', 'SELECT count(*)::VARCHAR AS n FROM noise');
    return stdout;
  };
  await waitFor(async () => (await rows()).includes(`"${ROWS + 1}"`));
  await disk.resize(80);
  const compacted = await run('compact');
  assert.equal(compacted.exitCode, 0, compacted.stderr);
  service.child.signal('SIGTERM');
  assert.equal((await service.child.ended).exitCode, 0);
  assert.deepEqual(await namesOn(disk), ['replica.duckdb']);
  await using copy = await TempFolder.open();
  await disk.copyTo(copy.path);
  await assertSameData(source, copy.file('replica.duckdb'));
});
