import assert from 'node:assert/strict';
import { readdir, readlink, stat } from 'node:fs/promises';
import test from 'node:test';
import { Replica } from '../helpers/replica.js';
import { waitFor } from '../helpers/wait-for.js';
import { DucktailChild } from './support/ducktail-child.js';
import { InvariantReader } from './support/invariant-reader.js';
import { KeptSource } from './support/kept-source.js';
import { assertSameReplica } from './support/same-replica.js';

interface Compacted {
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

const MEBIBYTE = 1024 * 1024;
const TYPES = `SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = 'typed' ORDER BY ALL`;

/** Rows that fill the file and go again, and one of every type that a rewrite could spoil. */
async function makeHoles({ source, service }: KeptSource): Promise<void> {
  await source.run(
    'CREATE TABLE filler (id INT AUTO_INCREMENT PRIMARY KEY, b BLOB)',
    'CREATE TABLE typed (id INT PRIMARY KEY, j JSON, g GEOMETRY, b BLOB, d DECIMAL(38,9), t TIME(6))',
    `INSERT INTO typed VALUES (1, '{"a": [1, null]}', ST_GeomFromText('POINT(1 2)'), x'00ff',
       12345678901234567890.123456789, '11:12:13.141516')`,
    // What no compression makes smaller.
    `INSERT INTO filler (b) WITH RECURSIVE n AS (SELECT 1 i UNION ALL SELECT i + 1 FROM n WHERE i < 200)
       SELECT RANDOM_BYTES(1000) FROM n a, n b`,
  );
  await service.caughtUp();
  await source.run('DELETE FROM filler WHERE id % 40 <> 0');
  await service.caughtUp();
}

test('a compaction under a writer loses nothing and gives the space back', async () => {
  await using kept = await KeptSource.open('mysql', { COMPACT_AT_PERCENT: '0' });
  const { source, service, transfers, duckdbPath } = kept;
  await makeHoles(kept);
  await using reader = InvariantReader.start(service);
  const { pid } = service;
  const { bytesBefore, bytesAfter } = await kept.done<Compacted>(['compact']);
  assert.ok(bytesBefore > 20 * MEBIBYTE, `${bytesBefore} bytes before`);
  assert.ok(bytesAfter < bytesBefore / 2, `${bytesAfter} of ${bytesBefore} bytes after`);
  assert.ok((await stat(duckdbPath)).size < bytesBefore / 2);
  // The old file is not held any more.
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
  for (const descriptor of descriptors) {
    const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '');
    assert.doesNotMatch(target, /replica\.duckdb.*deleted/);
  }
  // It is the same process, which goes on by itself, and is locked against others as before.
  assert.equal(service.pid, pid);
  await assert.rejects(Replica.open(duckdbPath), /Conflicting lock/);
  await transfers.until(20);
  await transfers.stop();
  await service.caughtUp();
  await reader.assertHeld(5);
  await kept.done(['backup', kept.file('backups')]);
  await service.stop();
  await assertSameReplica(source, duckdbPath);
  using replica = await Replica.open(duckdbPath);
  assert.deepEqual(await replica.texts(TYPES), [
    ['b', 'BLOB'],
    ['d', 'DECIMAL(38,9)'],
    ['g', 'GEOMETRY'],
    ['id', 'INTEGER'],
    ['j', 'JSON'],
    ['t', 'TIME'],
  ]);
  const [[version]] = await replica.texts(
    `SELECT tags['storage_version'] FROM duckdb_databases() WHERE database_name = 'replica'`,
  );
  assert.equal(version, 'v1.2.0+');
  assert.deepEqual((await readdir(kept.folder.path)).sort(), ['backups', 'replica.duckdb']);
});

for (const point of ['keep-swap', 'keep-swapped'] as const) {
  test(`a service that is killed at ${point} of a compaction has a good file`, async () => {
    await using kept = await KeptSource.open('mysql', { COMPACT_AT_PERCENT: '0' });
    const { source, service, transfers, duckdbPath } = kept;
    await transfers.until(20);
    await service.stop();
    await service.launch({ point, action: 'kill' });
    await service.streaming();
    const run = await kept.run(['compact', '--json']);
    assert.equal(run.json<{ error: { code: string } }>().error.code, 'service-lost');
    assert.equal((await service.end()).signal, 'SIGKILL');
    await transfers.until(20);
    await service.start();
    await transfers.stop();
    await service.caughtUp();
    await service.stop();
    await assertSameReplica(source, duckdbPath);
    assert.deepEqual(await readdir(kept.folder.path), ['replica.duckdb']);
  });
}

test('a service that is stopped while a compaction waits for a query ends in time', async () => {
  await using kept = await KeptSource.open('mysql', { COMPACT_AT_PERCENT: '0' });
  const { source, service, transfers, duckdbPath } = kept;
  await transfers.until(10);
  // It reads for longer than anybody waits.
  const query = kept.run(['query', 'SELECT count(*) FROM range(1000000000000)', '--json']);
  const compaction = kept.run(['compact', '--json']);
  await service.until('compacts', async () => {
    const files = await readdir(kept.folder.path);
    return files.some((name) => name.includes('.compact-'));
  });
  await transfers.stop();
  await service.stop();
  for (const run of await Promise.all([query, compaction]))
    assert.equal(run.exitCode, 1, run.stdout);
  assert.deepEqual(await readdir(kept.folder.path), ['replica.duckdb']);
  await service.start();
  await service.caughtUp();
  await service.stop();
  await assertSameReplica(source, duckdbPath);
});

test('a service compacts by itself when the dead share passes the limit', async () => {
  await using kept = await KeptSource.open('mysql', { COMPACT_AT_PERCENT: '30' });
  const { source, service, transfers, duckdbPath } = kept;
  await makeHoles(kept);
  // Its end moves the log into the file, where the holes show.
  await service.stop();
  const before = (await stat(duckdbPath)).size;
  await service.start();
  await waitFor(() => Promise.resolve(/compacted the replica/.test(service.said)));
  assert.ok((await stat(duckdbPath)).size < before / 2);
  await transfers.stop();
  await service.caughtUp();
  await service.stop();
  await assertSameReplica(source, duckdbPath);
});

test('a replica that no service has is compacted by the command itself', async () => {
  await using kept = await KeptSource.open('mysql', { COMPACT_AT_PERCENT: '0' });
  const { source, service, transfers, duckdbPath } = kept;
  await transfers.stop();
  await makeHoles(kept);
  await service.stop();
  await using child = DucktailChild.start(['compact', '--json'], { DUCKDB_PATH: duckdbPath });
  const { bytesBefore, bytesAfter } = (await child.ended).json<Compacted>();
  assert.ok(bytesAfter < bytesBefore, `${bytesAfter} of ${bytesBefore}`);
  await assertSameReplica(source, duckdbPath);
});
