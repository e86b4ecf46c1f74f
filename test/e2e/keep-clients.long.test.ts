import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import test from 'node:test';
import { Replica } from '../helpers/replica.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { parseSamples, valueOf } from '../watch/exposition.js';
import { waitFor } from '../helpers/wait-for.js';
import { KeptSource } from './support/kept-source.js';
import { execute, OwnTables, ownRows } from './support/own-tables.js';
import { assertSameReplica } from './support/same-replica.js';
import { saidUrl } from './support/watched-service.js';

const ROUNDS = 3;
const KIBIBYTE = 1024;
const WORKS = ['snapshot', 'backup', 'compaction'];

test('the log of a quiet source is moved into the file while clients write and read', async () => {
  await using kept = await KeptSource.open('mysql', {
    HTTP_ENABLED: 'true',
    HTTP_PORT: '0',
    COMPACT_AT_PERCENT: '0',
    // What is not in the file yet is in memory.
    QUERY_MEMORY_LIMIT: '256MB',
  });
  const { service, transfers, duckdbPath } = kept;
  const url = await saidUrl(service);
  await transfers.stop();
  await service.caughtUp();
  // They change rows, too, beside which a CHECKPOINT waits for readers.
  await using clients = await OwnTables.start(url, { appenders: 1, writers: 1, readers: 2 });
  await execute(url, ['CREATE TABLE mine.texts (t VARCHAR)']);
  const texts = Array.from(
    { length: 4 * KIBIBYTE },
    () => `["${randomBytes(375).toString('base64')}"]\n`,
  );
  const append = async (): Promise<void> => {
    const headers = { 'content-type': 'application/x-ndjson', 'x-duckdb-schema': 'mine' };
    const body = texts.join('');
    const reply = await fetch(`${url}/api/append/texts`, { method: 'POST', headers, body });
    assert.equal(reply.status, 200, await reply.text());
  };
  let appended = 0;
  while (appended < 100 * KIBIBYTE * KIBIBYTE) {
    await append();
    appended += texts.join('').length;
  }
  await waitFor(async () => (await stat(`${duckdbPath}.wal`)).size < 64 * KIBIBYTE * KIBIBYTE);
  const rows = await clients.stop();
  await service.stop();
  using replica = await Replica.open(duckdbPath);
  assert.deepEqual(await ownRows(replica), rows);
});

test('clients over HTTP lose nothing and are answered while the replica is kept', async () => {
  await using folder = await TempFolder.open();
  const published = folder.file('shop.duckdb');
  await using kept = await KeptSource.open('mysql', {
    HTTP_ENABLED: 'true',
    HTTP_PORT: '0',
    COMPACT_AT_PERCENT: '0',
    SNAPSHOT_PATH: published,
    SNAPSHOT_INTERVAL: '1',
  });
  const { source, service, transfers, duckdbPath } = kept;
  const url = await saidUrl(service);
  const runs = async (work: string, result: string): Promise<number> => {
    const samples = parseSamples(await (await fetch(`${url}/metrics`)).text());
    return valueOf(samples, 'ducktail_keep_runs_total', { work, result }) ?? NaN;
  };
  for (const work of WORKS) assert.equal(await runs(work, 'failed'), 0, work);
  assert.equal(await runs('backup', 'ok'), 0);

  await using clients = await OwnTables.start(url);
  for (let round = 1; round <= ROUNDS; round++) {
    const before = clients.answered;
    await kept.backup(folder.file('backups'), { BACKUP_KEEP: '2' });
    await kept.done(['compact']);
    await transfers.until(5);
    await waitFor(() => Promise.resolve(clients.answered > before + 20));
  }
  await waitFor(async () => (await runs('snapshot', 'ok')) >= 3);
  const rows = await clients.stop();
  const taken = await kept.backup(folder.file('backups'));
  const snapshots = await runs('snapshot', 'ok');
  await waitFor(async () => (await runs('snapshot', 'ok')) > snapshots + 1);
  await transfers.stop();

  const samples = parseSamples(await (await fetch(`${url}/metrics`)).text());
  const metric = (name: string, work: string): number =>
    valueOf(samples, `ducktail_keep_${name}`, { work }) ?? NaN;
  for (const work of WORKS) {
    assert.equal(await runs(work, 'failed'), 0, `${work}\n${service.said}`);
    assert.ok(metric('bytes', work) > 100_000, work);
    assert.ok(metric('duration_seconds', work) > 0, work);
    const pause = metric('pause_seconds', work);
    assert.ok(pause > 0 && pause <= metric('duration_seconds', work), `${work}: ${pause}`);
    const age = Date.now() / 1000 - metric('last_success_timestamp_seconds', work);
    assert.ok(age >= 0 && age < 240, `${work}: ${age}`);
  }
  assert.equal(await runs('backup', 'ok'), ROUNDS + 1);
  assert.equal(await runs('compaction', 'ok'), ROUNDS);
  assert.equal(metric('bytes', 'backup'), taken.bytes);

  await service.caughtUp();
  await service.stop();
  const restored = folder.file('restored.duckdb');
  await kept.restore(taken.backup, restored);
  for (const path of [duckdbPath, published, restored]) {
    using replica = await Replica.open(path);
    assert.deepEqual(await ownRows(replica), rows, path);
  }
  await assertSameReplica(source, duckdbPath);
});
