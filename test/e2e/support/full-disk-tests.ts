import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import test from 'node:test';
import { assertSameData } from '../../helpers/compare.js';
import { type DucktailRun, runDucktail } from '../../helpers/ducktail.js';
import { TempFolder } from '../../helpers/temp-folder.js';
import { TestSource } from '../../helpers/test-source.js';
import { assertFailedClearly, type ExpectedError } from './clear-message.js';
import { DucktailChild } from './ducktail-child.js';
import { tableNames } from './replica-state.js';
import { SmallDisk } from './small-disk.js';

const LIMIT_MB = 12;
/** Random bytes, which nothing makes smaller. */
const ROWS = 30_000;
const ROW_BYTES = 1000;

export function diskFull(duckdbPath: string): ExpectedError {
  return {
    exitCode: 1,
    code: 'target-full',
    message: new RegExp(`^the disk under ${duckdbPath} is full$`),
    hint: /^Free some space and start again: what was there before is untouched\.$/,
  };
}

function fileFull(duckdbPath: string): ExpectedError {
  return {
    exitCode: 1,
    code: 'target-full',
    message: new RegExp(`^${duckdbPath} has reached the largest size it may have$`),
    hint: /^Raise the limit .*ulimit -f.* start again: what was there before is untouched\.$/,
  };
}

async function openSources(): Promise<{ old: TestSource; current: TestSource }> {
  const old = await TestSource.open('mysql');
  await old.run('CREATE TABLE noise (id INT PRIMARY KEY, v VARBINARY(1000))');
  await old.run(`INSERT INTO noise VALUES (1, 'old')`);
  const current = await TestSource.open('mysql');
  await current.run('SET SESSION sql_log_bin = 0');
  await current.addNumbers(ROWS);
  await current.run(
    'CREATE TABLE noise (id INT PRIMARY KEY, v VARBINARY(1000))',
    `INSERT INTO noise SELECT n, RANDOM_BYTES(${ROW_BYTES}) FROM numbers`,
    'DROP TABLE numbers',
  );
  return { old, current };
}

/** A full disk and a file at its limit, flushed in pieces of so many rows. */
export function fullDiskTests(flushRows: number): void {
  const what = `flushes of ${flushRows} rows`;

  test(`a file that may not grow is said to have reached its limit, ${what}`, async () => {
    const sources = await openSources();
    await using old = sources.old;
    await using current = sources.current;
    await using folder = await TempFolder.open();
    const duckdbPath = folder.file('replica.duckdb');
    const env = { DUCKDB_PATH: duckdbPath, APPENDER_FLUSH_INTERVAL: String(flushRows) };
    const seed = await runDucktail(['sync'], { ...env, MYSQL_URL: old.url });
    assert.equal(seed.exitCode, 0, seed.stderr);

    // In blocks of 512 bytes.
    const launcher = ['sh', '-c', `ulimit -f ${LIMIT_MB * 2048} && exec "$0" "$@"`];
    const currentEnv = { ...env, MYSQL_URL: current.url };
    await using child = DucktailChild.start(['sync', '--json'], currentEnv, { launcher });
    assertFailedClearly(await child.ended, fileFull(duckdbPath));
    assert.equal(existsSync(`${duckdbPath}.lock`), false);
    await assertSameData(old, duckdbPath);

    const again = await runDucktail(['sync'], currentEnv);
    assert.equal(again.exitCode, 0, again.stderr);
    await assertSameData(current, duckdbPath);
    assert.deepEqual(await tableNames(duckdbPath), ['noise']);
  });

  test(`a full disk is said to be full, ${what}`, async (t) => {
    const disk = await SmallDisk.open(LIMIT_MB);
    if (disk === null) {
      t.skip('nobody may mount a file system here');
      return;
    }
    await using owned = disk;
    const sources = await openSources();
    await using old = sources.old;
    await using current = sources.current;
    const duckdbPath = owned.file('replica.duckdb');
    const sync = (source: TestSource): Promise<DucktailRun> =>
      runOn(owned, source, { DUCKDB_PATH: duckdbPath, APPENDER_FLUSH_INTERVAL: String(flushRows) });
    const seed = await sync(old);
    assert.equal(seed.exitCode, 0, seed.stderr);
    assertFailedClearly(await sync(current), diskFull(duckdbPath));
    await assertHolds(owned, old);

    await owned.resize(8 * LIMIT_MB);
    const again = await sync(current);
    assert.equal(again.exitCode, 0, again.stderr);
    await assertHolds(owned, current);
  });
}

export async function runOn(
  disk: SmallDisk,
  source: TestSource,
  env: Readonly<Record<string, string>>,
): Promise<DucktailRun> {
  const { launcher } = disk;
  const all = { ...env, MYSQL_URL: source.url };
  await using child = DucktailChild.start(['sync', '--json'], all, { launcher });
  return await child.ended;
}

async function assertHolds(disk: SmallDisk, source: TestSource): Promise<void> {
  await using folder = await TempFolder.open();
  await disk.copyTo(folder.path);
  await assertSameData(source, folder.file('replica.duckdb'));
}
