import assert from 'node:assert/strict';
import { mkdir, readdir, stat } from 'node:fs/promises';
import test from 'node:test';
import { Replica } from '../helpers/replica.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { waitFor } from '../helpers/wait-for.js';
import { assertWhole, KeptSource } from './support/kept-source.js';
import { RunningService } from './support/running-service.js';
import { assertSameReplica } from './support/same-replica.js';

const OPENINGS = 100;
const INTERVAL = { SNAPSHOT_INTERVAL: '1' };

test(`a published snapshot is complete each of ${OPENINGS} times that another process opens it`, async () => {
  await using folder = await TempFolder.open();
  const path = folder.file('published/shop.duckdb');
  await using kept = await KeptSource.open('mysql', { ...INTERVAL, SNAPSHOT_PATH: path });
  const { transfers, service } = kept;
  await waitFor(async () => (await inode(path)) !== null);
  // A reader that has the first one open keeps it.
  using first = await Replica.open(path);
  const COUNT = 'SELECT CAST(sum(transfers) AS VARCHAR) FROM right_accounts';
  const before = await first.texts(COUNT);

  const seen = new Set<number | null>();
  let most = 0;
  for (let opening = 0; opening < OPENINGS || seen.size < 5; opening++) {
    seen.add(await inode(path));
    const now = await assertWhole(path);
    assert.ok(now >= most, `${now} transfers after ${most}`);
    most = now;
    await transfers.until(1);
  }
  assert.ok(most > 0);
  assert.deepEqual(await first.texts(COUNT), before);

  // Copying the file has not given away the lock on it.
  await assert.rejects(Replica.open(kept.duckdbPath), /Conflicting lock/);
  // A while after the last change, the snapshot has everything.
  const written = await transfers.stop();
  await service.caughtUp();
  await waitFor(async () => (await assertWhole(path)) === written);
  await assertSameReplica(kept.source, path);
  assert.deepEqual(await readdir(folder.file('published')), ['shop.duckdb']);
  assert.match(service.said, /published a snapshot/);
  await service.stop();
});

test('a service that was killed while it published cleans up after itself', async () => {
  await using kept = await KeptSource.open('mysql');
  const { service } = kept;
  await service.stop();
  const path = kept.file('shop.duckdb');
  const partial = async (): Promise<string[]> =>
    (await readdir(kept.folder.path)).filter((name) => name.includes('.partial'));
  await using other = await RunningService.launch(kept.source, kept.duckdbPath, {
    variables: { ...INTERVAL, SNAPSHOT_PATH: path },
    plan: { point: 'keep-publish', action: 'kill' },
  });
  assert.equal((await other.end()).signal, 'SIGKILL');
  assert.equal((await partial()).length, 1);
  assert.equal(await inode(path), null);
  await other.launch();
  await waitFor(async () => (await inode(path)) !== null);
  await assertWhole(path);
  await waitFor(async () => (await partial()).length === 0);
  await other.stop();
});

test('a place where no snapshot can be put is told, and left to the next time', async () => {
  await using folder = await TempFolder.open();
  await mkdir(folder.file('a-folder/below'), { recursive: true });
  const path = folder.file('a-folder');
  await using kept = await KeptSource.open('mysql', { ...INTERVAL, SNAPSHOT_PATH: path });
  const { service, transfers } = kept;
  const failures = (): number => service.said.split(`${path} can't be published: `).length - 1;
  await waitFor(() => Promise.resolve(failures() >= 2));
  assert.match(service.said, /SNAPSHOT_PATH names a file/);
  await transfers.stop();
  await service.caughtUp();
  await service.stop();
  assert.deepEqual(await readdir(folder.path), ['a-folder']);
});

async function inode(path: string): Promise<number | null> {
  return (await stat(path).catch(() => null))?.ino ?? null;
}
