import assert from 'node:assert/strict';
import test from 'node:test';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import { type Flavour, openTestServer } from '../servers/test-server.js';
import { DucktailChild } from './support/ducktail-child.js';
import { singleValue } from './support/replica-state.js';
import { sendingConnections } from './support/source-processes.js';
import { addTextTable } from './support/text-table.js';
import { TOTAL_BALANCE, Transfers } from './support/transfers.js';

const KIB = 1024;
const BALANCE =
  'SELECT sum(balance) FROM (SELECT balance FROM left_accounts UNION ALL BY NAME ' +
  'SELECT balance FROM right_accounts)';
const TRANSFERS = 'SELECT sum(transfers) FROM right_accounts';

interface RecordedCheckpoint {
  readonly gtidSet: string;
  readonly file: string;
  readonly position: number;
}

/** The one that all tables have. */
async function recordedCheckpoint(duckdbPath: string): Promise<RecordedCheckpoint> {
  const json = await singleValue(
    duckdbPath,
    `SELECT DISTINCT to_json({gtidSet: gtid_set, file: binlog_file, position: binlog_position})
       FROM _ducktail.checkpoints`,
  );
  return JSON.parse(json ?? '') as RecordedCheckpoint;
}

/** The number of the last transaction of a server that is its own only source. */
function lastTransaction(gtidSet: string): number {
  return Number(/(\d+)$/.exec(gtidSet)?.[1]);
}

/** Transactions with row changes that end in the binlog between the two positions. */
async function transactionsBetween(
  source: TestSource,
  from: RecordedCheckpoint,
  to: RecordedCheckpoint,
): Promise<number> {
  assert.equal(from.file, to.file);
  const events = await source.texts(`SHOW BINLOG EVENTS IN '${to.file}' FROM ${from.position}`);
  return events.filter(([, , type, , end]) => type === 'Xid' && Number(end) <= to.position).length;
}

async function binlogEnd(source: TestSource, flavour: Flavour): Promise<RecordedCheckpoint> {
  const statement = flavour === 'mysql' ? 'SHOW BINARY LOG STATUS' : 'SHOW MASTER STATUS';
  const [[file, position]] = await source.texts(statement);
  const variable = flavour === 'mysql' ? 'gtid_executed' : 'gtid_binlog_pos';
  const [[gtidSet]] = await source.texts(`SELECT @@GLOBAL.${variable}`);
  return { gtidSet: gtidSet ?? '', file: file ?? '', position: Number(position) };
}

for (const flavour of ['mysql', 'mariadb'] as const) {
  test(`${flavour}: under writers, all readers see the state of the recorded position`, async () => {
    await using server = await openTestServer(flavour, { ignoreUrl: true });
    await using source = await TestSource.open(flavour, server);
    await using folder = await TempFolder.open();
    const duckdbPath = folder.file('replica.duckdb');
    await addTextTable(source, { name: 'texts', rows: 200, bytes: 256 * KIB });
    await using transfers = await Transfers.start(source, 0);
    const start = await binlogEnd(source, flavour);
    transfers.add(4);
    await transfers.until(20);
    await using child = DucktailChild.start(
      ['sync', '--json'],
      {
        MYSQL_URL: source.url,
        DUCKDB_PATH: duckdbPath,
        WORKER_THREADS: '3',
        APPENDER_FLUSH_INTERVAL: '16',
        BATCH_SIZE: '16',
      },
      { plan: { point: 'flush', action: 'hold', table: 'texts' } },
    );
    await child.reached();
    await transfers.until(100);
    child.resume();
    const run = await child.ended;
    assert.equal(run.exitCode, 0, run.stderr);
    const total = await transfers.stop();

    assert.equal(await singleValue(duckdbPath, BALANCE), String(TOTAL_BALANCE));
    const seen = Number(await singleValue(duckdbPath, TRANSFERS));
    assert.ok(seen >= 20 && seen <= total - 100, `${seen} of ${total}`);
    const checkpoint = await recordedCheckpoint(duckdbPath);
    assert.equal(lastTransaction(checkpoint.gtidSet) - lastTransaction(start.gtidSet), seen);
    assert.equal(await transactionsBetween(source, start, checkpoint), seen);
  });
}

test('a table that is read again shows the same state as those that were not', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  const duckdbPath = folder.file('replica.duckdb');
  await addTextTable(source, { name: 'texts', rows: 200, bytes: 256 * KIB });
  await addTextTable(source, { name: 'more_texts', rows: 190, bytes: 256 * KIB });
  await using transfers = await Transfers.start(source, 3);
  await using child = DucktailChild.start(
    ['sync', '--json'],
    {
      MYSQL_URL: source.url,
      DUCKDB_PATH: duckdbPath,
      WORKER_THREADS: '2',
      APPENDER_FLUSH_INTERVAL: '16',
      BATCH_SIZE: '16',
    },
    { plan: { point: 'flush', action: 'hold', table: 'texts' } },
  );
  await child.reached();
  const [first] = await sendingConnections(source, 2);
  await source.run(`KILL ${first}`);
  await transfers.until(50);
  child.resume();
  const run = await child.ended;
  assert.equal(run.exitCode, 0, run.stderr);
  assert.match(run.stderr, /reading it again from its beginning/);
  assert.doesNotMatch(run.stderr, /new snapshot/);
  assert.equal(await singleValue(duckdbPath, BALANCE), String(TOTAL_BALANCE));
});
