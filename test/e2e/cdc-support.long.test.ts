import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import test from 'node:test';
import mysql from 'mysql2/promise';
import { runDucktail } from '../helpers/ducktail.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import type { Flavour } from '../servers/test-server.js';
import { CdcWorkload, WORKLOAD_TABLES } from './support/cdc-workload.js';
import { CommandLine } from './support/command-line.js';
import { InvariantReader } from './support/invariant-reader.js';
import { changeReplica } from './support/replica-state.js';
import { assertSameFiles, assertSameReplica } from './support/same-replica.js';
import { containsGtids, executedGtids, isBeyond } from './support/source-position.js';
import { TcpProxy } from './support/tcp-proxy.js';
import { TOTAL_BALANCE, Transfers } from './support/transfers.js';

const FLAVOURS: readonly Flavour[] = ['mysql', 'mariadb'];
const TRANSACTIONS = 400;
const SEED = 7;

async function sync(source: TestSource, duckdbPath: string): Promise<void> {
  const env = { MYSQL_URL: source.url, DUCKDB_PATH: duckdbPath, WORKER_THREADS: '1' };
  const run = await runDucktail(['sync', '--full', '--json'], env);
  assert.equal(run.exitCode, 0, run.stderr);
}

for (const flavour of FLAVOURS) {
  test(`${flavour}: the workload reaches what it is about, and is told apart`, async () => {
    await using one = await TestSource.open(flavour);
    await using other = await TestSource.open(flavour);
    await using folder = await TempFolder.open();
    const before = await executedGtids(one);
    for (const source of [one, other]) {
      await source.run(...WORKLOAD_TABLES);
      const done = await new CdcWorkload(SEED, flavour).write(source.url, TRANSACTIONS);
      assert.equal(done, TRANSACTIONS);
    }
    // Without the times of day, the same seed makes the same rows.
    for (const source of [one, other]) {
      await source.run("UPDATE items SET changed = '2024-01-01 00:00:00'");
    }
    const files = [folder.file('one.duckdb'), folder.file('other.duckdb')];
    await sync(one, files[0]);
    await sync(other, files[1]);
    const { tables, rows } = await assertSameReplica(one, files[0]);
    assert.ok(tables >= 6 && rows > 50, `${tables} tables, ${rows} rows`);
    await assertSameFiles(files[0], files[1]);

    await changeReplica(files[1], 'DELETE FROM bag WHERE rowid = (SELECT min(rowid) FROM bag)');
    await assert.rejects(assertSameFiles(files[0], files[1]), /rows of bag/);
    await assert.rejects(assertSameReplica(other, files[1]), /missing row/);
    await changeReplica(files[0], 'CREATE TABLE left_over (id INT)');
    await assert.rejects(assertSameReplica(one, files[0]), /left_over/);

    const after = await executedGtids(one);
    assert.equal(await containsGtids(one, { gtidSet: after }, before), true);
    assert.equal(await containsGtids(one, { gtidSet: before }, after), false);
    assert.equal(await containsGtids(one, { gtidSet: null }, before), false);
  });
}

test('MariaDB positions are compared by domain', () => {
  assert.equal(isBeyond('0-1-10', '0-1-10'), true);
  assert.equal(isBeyond('0-2-10', '0-1-9'), true);
  assert.equal(isBeyond('0-1-9', '0-1-10'), false);
  assert.equal(isBeyond('0-1-10,1-1-3', '1-1-3,0-1-2'), true);
  assert.equal(isBeyond('0-1-10', '1-1-3'), false);
  assert.equal(isBeyond('0-1-10', ''), true);
});

test('a sum that is wrong, or goes back, is found', async () => {
  const total = String(TOTAL_BALANCE);
  const reader = async (...answers: unknown[][]): Promise<InvariantReader> => {
    const rest = [...answers];
    let isThrough: () => void = () => undefined;
    const through = new Promise<void>((resolve) => (isThrough = resolve));
    const started = InvariantReader.start({
      query: () => {
        const answer = rest.shift();
        if (answer !== undefined) return Promise.resolve([answer]);
        isThrough();
        return Promise.reject(new Error('no service'));
      },
    });
    await through;
    return started;
  };
  await (await reader([total, '1'], [total, '3'], [total, '3'])).assertHeld(3);
  await assert.rejects((await reader([total, '1'])).assertHeld(2), /no service/);
  await assert.rejects((await reader(['199999', '1'])).assertHeld(1), /a sum of 199999/);
  await assert.rejects((await reader([null, null])).assertHeld(1), /a sum of null/);
  await assert.rejects(
    (await reader([total, '3'], [total, '2'])).assertHeld(1),
    /2 transfers after 3/,
  );
});

test('transfers are read from a replica by the command line', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  const duckdbPath = folder.file('replica.duckdb');
  await using transfers = await Transfers.start(source, 2);
  await transfers.until(20);
  await sync(source, duckdbPath);
  await using commands = CommandLine.open({ DUCKDB_PATH: duckdbPath });
  const reader = InvariantReader.start({
    query: async (sql) => {
      const { exitCode, stdout, stderr } = await commands.run('query', sql, '--json');
      assert.equal(exitCode, 0, stderr);
      return (JSON.parse(stdout) as { rows: unknown[][] }).rows;
    },
  });
  const status = await commands.run('status', '--json');
  assert.equal((JSON.parse(status.stdout) as { tables: unknown[] }).tables.length, 2);
  const wrong = await commands.run('query', 'SELECT nothing', '--json');
  assert.equal(wrong.exitCode, 1);
  assert.match(wrong.stderr, /nothing/);
  await commands.idle();
  await reader.assertHeld(1);
});

test('the proxy forwards, cuts, stalls and delays', async () => {
  await using source = await TestSource.open('mysql');
  await using proxy = await TcpProxy.open(source.serverUrl);
  const open = async (): Promise<mysql.Connection> => {
    const connection = await mysql.createConnection({ uri: proxy.url, connectTimeout: 5000 });
    connection.on('error', () => undefined);
    return connection;
  };
  const large = "SELECT REPEAT('x', 20000000) AS v";

  const cut = await open();
  const [rows] = await cut.query<mysql.RowDataPacket[]>(large);
  assert.equal(String(rows[0].v).length, 20_000_000);
  assert.equal(proxy.connections, 1);
  const lost = assert.rejects(cut.query('SELECT SLEEP(30)'));
  proxy.cut({ refuse: true });
  await lost;
  assert.equal(proxy.connections, 0);
  await assert.rejects(open());
  proxy.restore();

  const stalled = await open();
  assert.equal(proxy.stall(), 1);
  let isAnswered = false;
  const answer = stalled.query('SELECT 1').then(
    () => (isAnswered = true),
    () => undefined,
  );
  proxy.slow(100);
  const since = performance.now();
  const slowed = await open();
  await slowed.query(large);
  // Greeting, authentication, statement and result: four ways at least.
  assert.ok(performance.now() - since >= 400);
  assert.equal(isAnswered, false);
  proxy.restore();
  await answer;
  assert.equal(isAnswered, false);
  await slowed.query('SELECT 1');
  slowed.destroy();

  const { port } = new URL(proxy.url);
  const socket = connect(Number(port), '127.0.0.1');
  await once(socket, 'data');
  socket.destroy();
});
