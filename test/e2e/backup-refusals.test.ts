import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { cp, open, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { assertSameData } from '../helpers/compare.js';
import { type DucktailRun, runDucktail } from '../helpers/ducktail.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import { assertFailedClearly, type ExpectedError } from './support/clear-message.js';
import { DucktailChild } from './support/ducktail-child.js';
import type { TakenBackup } from './support/kept-source.js';
import { SmallDisk } from './support/small-disk.js';

const KEY = '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff';
const SEALED = { BACKUP_ENCRYPTION_KEY: KEY };
const SECRETS = [KEY];

let source: TestSource;
let folder: TempFolder;
let replica: string;
/** One of each kind, which the cases spoil copies of. */
let plain: string;
let sealed: string;
let parquet: string;

before(async () => {
  source = await TestSource.open('mysql');
  folder = await TempFolder.open();
  replica = folder.file('replica.duckdb');
  await source.run(
    'CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20))',
    "INSERT INTO t VALUES (1, 'one'), (2, 'two')",
  );
  const synced = await runDucktail(['sync'], { MYSQL_URL: source.url, DUCKDB_PATH: replica });
  assert.equal(synced.exitCode, 0, synced.stderr);
  plain = await taken('plain', {});
  sealed = await taken('sealed', SEALED);
  parquet = await taken('parquet', {}, '--format', 'parquet');
});

after(async () => {
  await source[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

type Variables = Readonly<Record<string, string>>;

async function taken(name: string, variables: Variables, ...more: string[]): Promise<string> {
  const run = await backup(name, variables, ...more);
  assert.equal(run.exitCode, 0, run.stderr);
  return run.json<TakenBackup>().backup;
}

function backup(name: string, variables: Variables = {}, ...more: string[]): Promise<DucktailRun> {
  const env = { DUCKDB_PATH: replica, ...variables };
  return runDucktail(['backup', folder.file(name), ...more, '--json'], env);
}

function restore(from: string, to: string, variables: Variables = {}): Promise<DucktailRun> {
  return runDucktail(['restore', from, '--json'], { DUCKDB_PATH: to, ...variables });
}

interface Case {
  readonly what: string;
  readonly of: () => string;
  readonly spoil?: (backup: string) => Promise<void>;
  readonly variables?: Variables;
  readonly expected: ExpectedError;
}

const damaged = { exitCode: 1, code: 'backup-damaged' } as const;
const refused = { exitCode: 2, code: 'configuration' } as const;
const file = (name: string) => (backup: string) => path.join(backup, name);
const data = file('replica.duckdb');
const sealedData = file('replica.duckdb.enc');

async function flipBit(name: string, at: number): Promise<void> {
  const bytes = await readFile(name);
  bytes[at] ^= 1;
  await writeFile(name, bytes);
}

const CASES: readonly Case[] = [
  {
    what: 'a backup that is cut off',
    of: () => plain,
    spoil: (dir) => truncate(data(dir), 20_000),
    expected: { ...damaged, message: /has 20000 bytes instead of \d+$/, hint: /another backup/ },
  },
  {
    what: 'a backup with a bit that is another',
    of: () => plain,
    spoil: (dir) => flipBit(data(dir), 30_000),
    expected: { ...damaged, message: /its checksum is another$/, hint: /another backup/ },
  },
  {
    what: 'a backup without its file',
    of: () => plain,
    spoil: (dir) => rm(data(dir)),
    expected: { ...damaged, message: /it is not there$/, hint: /another backup/ },
  },
  {
    what: 'a backup that was never finished',
    of: () => plain,
    spoil: (dir) => rm(file('manifest.json')(dir)),
    expected: {
      ...damaged,
      message: /is no whole backup: it has no manifest$/,
      hint: /next backup/,
    },
  },
  {
    what: 'a manifest that is none',
    of: () => plain,
    spoil: (dir) => writeFile(file('manifest.json')(dir), '{"format": 1}'),
    expected: { ...damaged, message: /is not a manifest \(/, hint: /another backup/ },
  },
  {
    what: 'a manifest of a later version',
    of: () => plain,
    spoil: (dir) => writeFile(file('manifest.json')(dir), '{"formatVersion": 2}'),
    expected: { ...damaged, message: /later version of Ducktail$/, hint: /that version/ },
  },
  {
    what: 'an encrypted backup without its key',
    of: () => sealed,
    expected: { ...refused, message: /is encrypted$/, hint: /BACKUP_ENCRYPTION_KEY/ },
  },
  {
    what: 'an encrypted backup under another key',
    of: () => sealed,
    variables: { BACKUP_ENCRYPTION_KEY: KEY.replace('00', 'ff') },
    expected: { ...damaged, message: /encrypted with another key$/, hint: /BACKUP_ENCRYPTION_KEY/ },
  },
  {
    what: 'an encrypted backup that is cut off between two chunks',
    of: () => sealed,
    spoil: (dir) => truncate(sealedData(dir), 48 + 65_552),
    variables: SEALED,
    expected: { ...damaged, message: /is damaged: it is not what was encrypted/, hint: /nothing/ },
  },
  {
    what: 'an encrypted backup with a bit that is another',
    of: () => sealed,
    spoil: (dir) => flipBit(sealedData(dir), 70_000),
    variables: SEALED,
    expected: { ...damaged, message: /is damaged: it is not what was encrypted/, hint: /nothing/ },
  },
  {
    what: 'a Parquet backup',
    of: () => parquet,
    expected: {
      ...refused,
      message: /is Parquet, which is for other programs$/,
      hint: /read_parquet/,
    },
  },
  {
    what: 'a folder without backups',
    of: () => folder.file('nothing'),
    expected: { ...damaged, message: /there is no whole backup at/, hint: /BACKUP_TARGET/ },
  },
];

for (const [index, { what, of, spoil, variables = {}, expected }] of CASES.entries()) {
  test(`${what} is refused, and leaves nothing`, async () => {
    const place = folder.file(`case-${index}`);
    const from = spoil === undefined ? of() : path.join(place, path.basename(of()));
    if (spoil !== undefined) {
      await cp(of(), from, { recursive: true });
      await spoil(from);
    }
    const to = folder.file(`to-${index}.duckdb`);
    assertFailedClearly(await restore(from, to, variables), expected, SECRETS);
    const left = (await readdir(folder.path)).filter((name) => name.startsWith(`to-${index}.`));
    assert.deepEqual(left, []);
  });
}

test('nothing that is there is restored over, but an empty file', async () => {
  const to = folder.file('there.duckdb');
  await writeFile(to, 'something');
  const expected = {
    ...refused,
    message: /there already; nothing was restored$/,
    hint: /new file/,
  };
  assertFailedClearly(await restore(plain, to), expected);
  assert.equal(await readFile(to, 'utf8'), 'something');
  await writeFile(to, '');
  await writeFile(`${to}.wal`, 'a log');
  assertFailedClearly(await restore(plain, to), expected);
  await rm(`${to}.wal`);
  const run = await restore(plain, to);
  assert.equal(run.exitCode, 0, run.stderr);
  await assertSameData(source, to);
});

test('an encrypted backup says nothing of what is in it, and is restored with its key', async () => {
  const to = folder.file('unsealed.duckdb');
  assert.deepEqual((await readdir(sealed)).sort(), ['manifest.json.enc', 'replica.duckdb.enc']);
  for (const name of await readdir(sealed)) {
    const bytes = await readFile(path.join(sealed, name), 'latin1');
    assert.doesNotMatch(bytes, /_ducktail|varchar|"tables"/i);
  }
  const run = await restore(sealed, to, SEALED);
  assert.equal(run.exitCode, 0, run.stderr);
  await assertSameData(source, to);
});

for (const point of ['keep-copied', 'keep-manifest'] as const) {
  test(`a backup that is killed at ${point} is removed by the next one`, async () => {
    const place = folder.file(`killed-${point}`);
    const first = await taken(`killed-${point}`, {});
    const env = { DUCKDB_PATH: replica, ...SEALED };
    await using child = DucktailChild.start(['backup', place], env, {
      plan: { point, action: 'kill' },
    });
    assert.equal((await child.ended).signal, 'SIGKILL');
    assert.ok(existsSync(replica));
    const unfinished = (await readdir(place)).filter((name) => name !== path.basename(first));
    const run = await backup(`killed-${point}`);
    assert.deepEqual(run.json<TakenBackup>().removed, unfinished);
    assert.equal((await readdir(place)).length, 2);
    const beside = (await readdir(folder.path)).filter((name) => /^replica\.duckdb./.test(name));
    assert.deepEqual(beside, []);
    await assertSameData(source, replica);
  });
}

test('a restore that is killed leaves no replica, and the next one removes what it left', async () => {
  const name = 'killed-restore.duckdb';
  const env = { DUCKDB_PATH: folder.file(name) };
  await using child = DucktailChild.start(['restore', plain], env, {
    plan: { point: 'keep-restored', action: 'kill' },
  });
  assert.equal((await child.ended).signal, 'SIGKILL');
  const left = async (): Promise<string[]> =>
    (await readdir(folder.path)).filter((entry) => entry.startsWith(name));
  assert.ok(!(await left()).includes(name));
  // As it is where it is killed while it opens the file.
  const work = (await left()).find((entry) => /\.restore-[0-9a-f-]{36}$/.test(entry));
  assert.ok(work, (await left()).join());
  for (const end of ['.lock', '.wal']) await writeFile(folder.file(work + end), '');
  const run = await restore(plain, env.DUCKDB_PATH);
  assert.equal(run.exitCode, 0, run.stderr);
  assert.deepEqual(await left(), [name]);
  await assertSameData(source, env.DUCKDB_PATH);
});

for (const format of ['duckdb', 'parquet']) {
  test(`a backup as ${format} that is stopped says so, and leaves nothing`, async () => {
    const place = folder.file(`stopped-${format}`);
    const args = ['backup', place, '--format', format, '--json'];
    await using child = DucktailChild.start(
      args,
      { DUCKDB_PATH: replica, ...SEALED },
      { plan: { point: 'keep-copied', action: 'hold' } },
    );
    await child.reached();
    child.signal('SIGINT');
    child.resume();
    const run = await child.ended;
    assert.equal(run.signal, null);
    assertFailedClearly(run, {
      exitCode: 1,
      code: 'aborted',
      message: /^stopped by SIGINT; what was in the replica before stands$/,
      hint: null,
    });
    assert.deepEqual(await readdir(place).catch(() => []), []);
    const beside = (await readdir(folder.path)).filter((name) => /^replica\.duckdb./.test(name));
    assert.deepEqual(beside, []);
  });
}

for (const [kind, variables] of [
  ['plain', {}],
  ['encrypted', SEALED],
] as const) {
  test(`a full disk under a ${kind} backup is told, and the replica is as it was`, async (t) => {
    await using disk = await SmallDisk.open(1);
    if (disk === null) {
      t.skip('nobody may mount here');
      return;
    }
    await disk.fill();
    const args = ['backup', disk.file('backups'), '--json'];
    const env = { DUCKDB_PATH: replica, ...variables };
    await using child = DucktailChild.start(args, env, { launcher: disk.launcher });
    const run = await child.ended;
    assertFailedClearly(run, {
      exitCode: 1,
      code: run.json<{ error: { code: string } }>().error.code,
      message: /^the disk under .* is full$/,
      hint: /Free some space/,
    });
    assert.equal((await listOn(disk)).filter((name) => name.includes('replica')).length, 0);
    await assertSameData(source, replica);
  });
}

async function listOn(disk: SmallDisk): Promise<string[]> {
  await using copy = await TempFolder.open();
  await rm(folder.file('filler'), { force: true });
  await disk.copyTo(copy.path);
  return await readdir(copy.path, { recursive: true });
}

test('backups beyond those that are kept are removed, and none of another replica', async () => {
  const other = folder.file('kept');
  const strange = path.join(other, 'ducktail-ffffffff-20200101T000000000Z');
  const first = await taken('kept', { BACKUP_KEEP: '2' });
  await cp(first, strange, { recursive: true });
  await taken('kept', { BACKUP_KEEP: '2' });
  const last = (await backup('kept', { BACKUP_KEEP: '2' })).json<TakenBackup>();
  assert.deepEqual(last.removed, [path.basename(first)]);
  assert.equal((await readdir(other)).length, 3);
  assert.ok(existsSync(strange));
});

test('a backup needs a place and a replica', async () => {
  const none = await runDucktail(['backup', '--json'], { DUCKDB_PATH: replica });
  assertFailedClearly(none, {
    ...refused,
    message: /^there is no place for the backup$/,
    hint: /BACKUP_TARGET/,
  });
  const env = { DUCKDB_PATH: folder.file('none.duckdb') };
  assertFailedClearly(await runDucktail(['backup', folder.file('x'), '--json'], env), {
    exitCode: 1,
    code: 'target-failed',
    message: /^there is no replica at /,
    hint: /ducktail sync/,
  });
  assert.equal(existsSync(env.DUCKDB_PATH), false);
  const file = await open(folder.file('a-file'), 'w');
  await file.close();
  const run = await backup('a-file/below');
  assert.equal(run.exitCode, 1, run.stderr);
});
