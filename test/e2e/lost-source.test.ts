import assert from 'node:assert/strict';
import test from 'node:test';
import type { SyncResult } from '../../src/model/sync-result.js';
import { openTestServer } from '../servers/test-server.js';
import { assertSameData } from '../helpers/compare.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import { DucktailChild } from './support/ducktail-child.js';
import type { HookPlan } from './support/hook-plan.js';
import { tableNames } from './support/replica-state.js';
import { sendingConnections } from './support/source-processes.js';
import { addTextTable } from './support/text-table.js';

/** With the first rows in a staging table, and readers stopped by a full window behind it. */
const MID_COPY: HookPlan = { point: 'flush', action: 'hold', afterFlushes: 2 };
const KIB = 1024;

function settings(source: TestSource, duckdbPath: string, readers: number): Record<string, string> {
  return {
    MYSQL_URL: source.url,
    DUCKDB_PATH: duckdbPath,
    WORKER_THREADS: String(readers),
    DUCKDB_THREADS: '2',
    // Small flushes, so that the point in the middle comes early.
    APPENDER_FLUSH_INTERVAL: '16',
    BATCH_SIZE: '16',
  };
}

/** More than the windows of two readers and the buffers of their sockets hold. */
async function addTwoLargeTables(source: TestSource): Promise<void> {
  await addTextTable(source, { name: 'left_texts', rows: 200, bytes: 256 * KIB });
  await addTextTable(source, { name: 'right_texts', rows: 190, bytes: 256 * KIB });
}

async function assertFinished(
  child: DucktailChild,
  source: TestSource,
  duckdbPath: string,
): Promise<string> {
  const run = await child.ended;
  assert.equal(run.exitCode, 0, run.stderr);
  const { tables } = run.json<SyncResult>();
  assert.deepEqual(
    tables.map(({ error }) => error),
    tables.map(() => null),
  );
  await assertSameData(source, duckdbPath);
  const left = await tableNames(duckdbPath);
  assert.deepEqual(left, tables.map(({ table }) => table).sort());
  return run.stderr;
}

test('a table whose connection is cut is read again in the same snapshot', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  const duckdbPath = folder.file('replica.duckdb');
  await addTwoLargeTables(source);
  const env = settings(source, duckdbPath, 2);
  await using child = DucktailChild.start(['sync', '--json'], env, { plan: MID_COPY });
  await child.reached();
  const [first] = await sendingConnections(source, 2);
  await source.run(`KILL ${first}`);
  child.resume();
  const said = await assertFinished(child, source, duckdbPath);
  assert.equal(said.match(/reading it again from its beginning/g)?.length, 1, said);
  assert.doesNotMatch(said, /new snapshot/);
});

test('a chunk whose connection is cut takes its whole table along, and nothing else', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  const duckdbPath = folder.file('replica.duckdb');
  // Four ranges of 26 MB, so each of two readers is stopped in its second.
  await addTextTable(source, { name: 'texts', rows: 200_000, bytes: 512 });
  const env = { ...settings(source, duckdbPath, 2), APPENDER_FLUSH_INTERVAL: '2048' };
  await using child = DucktailChild.start(['sync', '--json'], env, { plan: MID_COPY });
  await child.reached();
  const [first] = await sendingConnections(source, 2);
  await source.run(`KILL ${first}`);
  child.resume();
  const said = await assertFinished(child, source, duckdbPath);
  assert.equal(said.match(/reading it again from its beginning/g)?.length, 1, said);
  assert.doesNotMatch(said, /new snapshot/);
});

test('when all connections are cut, a new snapshot is taken', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  const duckdbPath = folder.file('replica.duckdb');
  await addTwoLargeTables(source);
  const env = settings(source, duckdbPath, 2);
  await using child = DucktailChild.start(['sync', '--json'], env, { plan: MID_COPY });
  await child.reached();
  for (const id of await sendingConnections(source, 2)) await source.run(`KILL ${id}`);
  // What only the new snapshot can see.
  await source.run(`UPDATE left_texts SET v = 'new' WHERE id = 7`, 'CREATE TABLE later (id INT)');
  await source.run('DROP TABLE later');
  child.resume();
  const said = await assertFinished(child, source, duckdbPath);
  assert.match(said, /starting over with a new snapshot/);
});

for (const flavour of ['mysql', 'mariadb'] as const) {
  test(`${flavour}: a server that is killed and comes back is read from the beginning`, async () => {
    await using server = await openTestServer(flavour, { ignoreUrl: true });
    await using folder = await TempFolder.open();
    const duckdbPath = folder.file('replica.duckdb');
    // Not disposed of: its connection dies with the server, and its data with the server's folder.
    const source = await TestSource.open(flavour, server);
    await addTwoLargeTables(source);
    const env = settings(source, duckdbPath, 3);
    await using child = DucktailChild.start(['sync', '--json'], env, { plan: MID_COPY });
    await child.reached();
    await sendingConnections(source, 2);
    await server.kill();
    child.resume();
    await child.says(/starting over with a new snapshot/);
    await server.start();
    await assertFinished(child, source, duckdbPath);
  });
}
