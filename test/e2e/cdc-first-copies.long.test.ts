import assert from 'node:assert/strict';
import test from 'node:test';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import type { Flavour } from '../servers/test-server.js';
import { TestAccount } from '../source/test-account.js';
import { CommandLine } from './support/command-line.js';
import { RunningService } from './support/running-service.js';
import { assertSameReplica } from './support/same-replica.js';

const FLAVOURS: readonly Flavour[] = ['mysql', 'mariadb'];
const ROWS = 100_000;

interface SyncDocument {
  readonly tables: readonly { table: string; mode: string; rows: number; error: string | null }[];
}

for (const flavour of FLAVOURS) {
  test(`${flavour}: orders that come during the first copy wait for it, and say so`, async () => {
    await using source = await TestSource.open(flavour);
    await using folder = await TempFolder.open();
    await source.addNumbers(ROWS);
    const duckdbPath = folder.file('replica.duckdb');
    const environment = { MYSQL_URL: source.url, DUCKDB_PATH: duckdbPath };
    await using one = CommandLine.open(environment);
    await using other = CommandLine.open(environment);
    // The copy can't begin before both have come.
    await source.run('LOCK TABLES numbers WRITE');
    await using service = await RunningService.launch(source, duckdbPath);
    await service.until('copies', ({ cdc }) => cdc?.state === 'copying');
    const orders = Promise.all([
      one.run('sync', 'numbers', '--json'),
      other.run('sync', '--incremental', '--json'),
    ]);
    const told = (): number =>
      service.said.match(/waiting until the service has copied tables/g)?.length ?? 0;
    await service.until('has both orders', () => told() === 2);
    await source.run('UNLOCK TABLES');
    const replies = await orders;
    for (const { exitCode, stdout, stderr } of replies) {
      assert.equal(exitCode, 0, stderr);
      const { tables } = JSON.parse(stdout) as SyncDocument;
      assert.deepEqual(
        tables.map(({ table, mode, rows, error }) => [table, mode, rows, error]),
        [['numbers', 'full', ROWS, null]],
      );
    }
    // The client's own log says the same.
    assert.equal(told(), 2, service.said);
    await service.stop();
    await assertSameReplica(source, duckdbPath);
  });
}

test('mysql: where every first copy fails, status tells of each table and the service stays', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  // Without a lock nothing tells which of two equal rows the snapshot had.
  await source.run('CREATE TABLE bag (v INT)', 'CREATE TABLE sack (v INT)');
  await using account = await TestAccount.open(source, [
    `SELECT ON ${source.database}.*`,
    'REPLICATION SLAVE, REPLICATION CLIENT ON *.*',
  ]);
  const duckdbPath = folder.file('replica.duckdb');
  await using service = await RunningService.launch(source, duckdbPath, { url: account.url });
  await service.until(
    'tells of both',
    ({ tables }) =>
      tables.map(({ table }) => table).join() === 'bag,sack' &&
      tables.every(({ mode, error }) => mode === 'none' && /in quarantine/.test(error ?? '')),
  );
  await source.run('CREATE TABLE items (id INT PRIMARY KEY)', 'INSERT INTO items VALUES (1)');
  await service.caughtUp({ exceptTables: ['bag', 'sack'] });
  await service.stop();
  await assertSameReplica(source, duckdbPath, { isLeftOut: (table) => table !== 'items' });
});
