import test from 'node:test';
import assert from 'node:assert/strict';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import { openTestServer } from '../servers/test-server.js';
import { TestAccount } from '../source/test-account.js';
import { CommandLine } from './support/command-line.js';
import { RunningService } from './support/running-service.js';
import { assertSameReplica } from './support/same-replica.js';

/** Transactions of a server that was never there: counted as executed, and in no binlog. */
const FOREIGN = '11111111-2222-3333-4444-555555555555:1-7';

test('mysql: transactions that no binlog will ever bring are not waited for', async () => {
  await using server = await openTestServer('mysql', { ignoreUrl: true });
  await using source = await TestSource.open('mysql', server);
  await using folder = await TempFolder.open();
  // Without LOCK TABLES a copy waits until the stream has what its snapshot may have.
  await using account = await TestAccount.open(source, [
    `SELECT ON ${source.database}.*`,
    'REPLICATION SLAVE, REPLICATION CLIENT ON *.*',
  ]);
  const url = new URL(source.url);
  url.username = account.endpoint.user;
  url.password = account.endpoint.password;
  await source.run('CREATE TABLE items (id INT PRIMARY KEY)', 'INSERT INTO items VALUES (1)');
  const duckdbPath = folder.file('replica.duckdb');
  await using service = await RunningService.start(source, duckdbPath, { url: url.href });
  await source.run(`SET GLOBAL gtid_purged = '+${FOREIGN}'`);
  await source.run(
    'CREATE TABLE later (id INT PRIMARY KEY, v INT)',
    'INSERT INTO later VALUES (1, 1), (2, 2)',
    'INSERT INTO items VALUES (2)',
  );
  await service.until('has copied the new table', ({ tables }) =>
    tables.some(({ table, error, rows }) => table === 'later' && error === null && rows === 2),
  );
  await using commands = CommandLine.open({ MYSQL_URL: url.href, DUCKDB_PATH: duckdbPath });
  await source.run('INSERT INTO items VALUES (3)');
  const { exitCode, stdout, stderr } = await commands.run('sync', '--json');
  assert.equal(exitCode, 0, stderr);
  const { tables } = JSON.parse(stdout) as { tables: { table: string; error: unknown }[] };
  assert.deepEqual(
    tables.map(({ table, error }) => [table, error]),
    [
      ['items', null],
      ['later', null],
    ],
  );
  await service.stop();
  await assertSameReplica(source, duckdbPath);
});

test('mysql: such transactions that came while a service runs lead to one copy when it reconnects', async () => {
  await using server = await openTestServer('mysql', { ignoreUrl: true });
  await using source = await TestSource.open('mysql', server);
  await using folder = await TempFolder.open();
  await source.run(
    'CREATE TABLE items (id INT PRIMARY KEY, v INT NOT NULL)',
    'CREATE TABLE bag (v INT NOT NULL)',
    'INSERT INTO items VALUES (1, 0)',
  );
  const duckdbPath = folder.file('replica.duckdb');
  await using service = await RunningService.start(source, duckdbPath);
  let written = 0;
  const write = (): Promise<void> => {
    const n = ++written;
    return source.run(
      'BEGIN',
      `UPDATE items SET v = ${n}`,
      // Whatever comes twice, or not at all, shows where there is no key.
      `INSERT INTO bag VALUES (${n}), (${n})`,
      `DELETE FROM bag WHERE v = ${n - 1} LIMIT 1`,
      'COMMIT',
    );
  };
  await write();
  await service.caughtUp();
  await source.run(`SET GLOBAL gtid_purged = '+${FOREIGN}'`);
  await write();
  await service.until('goes on meanwhile', async () => {
    const [[v]] = await service.query('SELECT CAST(v AS VARCHAR) FROM items');
    return v === String(written);
  });
  // Each time what is written while nobody reads has to come as well.
  for (let session = 1; session <= 3; session++) {
    await endDump(source);
    await write();
    await service.caughtUp();
    await write();
    await service.caughtUp();
  }
  const [[copies]] = await service.query(
    "SELECT CAST(count(*) AS VARCHAR) FROM _ducktail.sync_runs WHERE mode = 'full'",
  );
  assert.equal(copies, '2', 'the first copy, and one because the source asks for what is purged');
  await service.stop();
  await assertSameReplica(source, duckdbPath);
});

/** Ends the session that reads the binlog, as a broken connection would. */
async function endDump(source: TestSource): Promise<void> {
  const dumps = (await source.texts('SHOW PROCESSLIST')).filter(
    ([, , , , command]) => command === 'Binlog Dump GTID',
  );
  assert.equal(dumps.length, 1);
  await source.run(`KILL ${dumps[0][0]}`);
}
