import assert from 'node:assert/strict';
import { truncate } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import test from 'node:test';
import { placeOf } from '../../../src/model/checkpoint.js';
import { parseGtidSet } from '../../../src/model/gtid-set.js';
import { ReplicationSession } from '../../../src/source/binlog/replication-session.js';
import { TestSource } from '../../helpers/test-source.js';
import { openTestServer } from '../../servers/test-server.js';
import { endpointOf, TestAccount } from '../test-account.js';
import { binlogEnd, openTables, streamedTable, Tail } from './tail.js';

async function dumpThreads(source: TestSource): Promise<string[]> {
  const rows = await source.texts('SHOW PROCESSLIST');
  return rows.filter((row) => /^Binlog Dump/.test(row[4] ?? '')).map(([id]) => id!);
}

for (const flavour of ['mysql', 'mariadb'] as const) {
  test(`${flavour}: a killed dump thread is a lost connection`, async () => {
    await using source = await openTables(flavour);
    const from = await binlogEnd(source);
    await using tail = await Tail.open(source, { from, tables: [] });
    const [id] = await dumpThreads(source);
    await source.run(`KILL ${id}`);
    await assert.rejects(tail.next(), { code: 'source-unavailable' });
  });

  test(`${flavour}: closing the stream ends the source's dump thread`, async () => {
    await using source = await openTables(flavour);
    const from = await binlogEnd(source);
    {
      await using tail = await Tail.open(source, { from, tables: [] });
      assert.ok(tail);
      assert.equal((await dumpThreads(source)).length, 1);
    }
    while ((await dumpThreads(source)).length > 0);
  });

  test(`${flavour}: another replica of the same id ends the stream, with the remedy`, async () => {
    await using source = await openTables(flavour);
    const options = { from: await binlogEnd(source), tables: [], serverId: 4711 };
    await using first = await Tail.open(source, options);
    await using second = await Tail.open(source, options);
    assert.ok(second);
    await assert.rejects(first.next(), { code: 'source-unsuitable', hint: /CDC_SERVER_ID/ });
  });

  test(`${flavour}: a purged or unknown history is lost`, async () => {
    await using source = await openTables(flavour);
    const from = await binlogEnd(source);
    await source.run('FLUSH BINARY LOGS', "INSERT INTO t VALUES (1, 'one')", 'FLUSH BINARY LOGS');
    const { file, position } = await binlogEnd(source);
    // MariaDB keeps for a moment what it would need after a crash.
    do await source.run(`PURGE BINARY LOGS TO '${file}'`);
    while ((await source.texts('SHOW BINARY LOGS'))[0][0] !== file);
    const set =
      flavour === 'mysql' ? `${'0'.repeat(8)}-0000-0000-0000-${'0'.repeat(12)}:1-5` : '0-9-999999';
    const lost = [
      from,
      { ...from, gtidSet: null },
      { file, position: position + 100_000, gtidSet: null },
      { file: 'binlog.999999', position: 4, gtidSet: null },
      {
        file,
        position,
        gtidSet: flavour === 'mysql' ? `${(await binlogEnd(source)).gtidSet},${set}` : set,
      },
    ];
    for (const start of lost) {
      const opening = async (): Promise<void> => {
        await using tail = await Tail.open(source, { from: start, tables: [] });
        await tail.next();
      };
      await assert.rejects(opening(), { code: 'history-lost' }, JSON.stringify(start));
    }
  });

  test(`${flavour}: a user without REPLICATION SLAVE is told of the grant`, async () => {
    await using source = await openTables(flavour);
    await using account = await TestAccount.open(source, [`SELECT ON ${source.database}.*`]);
    const { user, password } = account.endpoint;
    const url = source.url.replace(/\/\/[^@]*@/, `//${user}:${encodeURIComponent(password)}@`);
    await assert.rejects(Tail.open(source, { from: await binlogEnd(source), tables: [], url }), {
      code: 'source-unsuitable',
      hint: /GRANT REPLICATION SLAVE ON \*\.\*/,
    });
  });

  test(`${flavour}: a source that falls silent is taken for lost`, async () => {
    await using source = await openTables(flavour);
    const endpoint = endpointOf(source.url);
    await using proxy = await StallingProxy.open(endpoint.port);
    const from = await binlogEnd(source);
    let heard: () => void;
    const hearing = new Promise<void>((resolve) => (heard = resolve));
    const failed = new Promise<Error>((resolve) => {
      const session = new ReplicationSession(
        {
          endpoint: { ...endpoint, port: proxy.port },
          serverId: 4712,
          from,
          heartbeatMs: 300,
        },
        {
          onEvent: () => {
            heard();
          },
          onError: (error) => {
            void session[Symbol.asyncDispose]().then(() => {
              resolve(error);
            });
          },
        },
      );
    });
    await hearing;
    proxy.stall();
    assert.equal(((await failed) as { code?: string }).code, 'source-unavailable');
  });

  test(`${flavour}: compressed transactions come like others`, async () => {
    await using source = await openTables(flavour);
    const tables = [await streamedTable(source, 't')];
    await using tail = await Tail.open(source, { from: await binlogEnd(source), tables });
    await source.addNumbers(2000);
    const compress =
      flavour === 'mysql' ? 'SESSION binlog_transaction_compression' : 'GLOBAL log_bin_compress';
    await source.run(`SET ${compress} = ON`);
    if (flavour === 'mariadb') await source.run('SET GLOBAL log_bin_compress_min_len = 10');
    await source.run(
      'BEGIN',
      "INSERT INTO t SELECT n, CONCAT('a text that repeats itself ', n) FROM numbers",
      'DELETE FROM t WHERE id < 1999',
      'COMMIT',
      `SET ${compress} = OFF`,
    );
    const end = await binlogEnd(source);
    const changes: string[] = [];
    for (;;) {
      const message = await tail.next();
      if ('kind' in message) tail.resume();
      else {
        changes.push(...message.changes);
        if (message.checkpoint.position === end.position) {
          assert.deepEqual(placeOf(message.checkpoint), end);
          break;
        }
      }
    }
    assert.equal(changes.length, 2000 + 1999);
    const events = await source.texts(`SHOW BINLOG EVENTS IN '${end.file}'`);
    assert.ok(events.some(([, , type]) => /^Transaction_payload|_compressed/.test(type ?? '')));
    assert.equal(changes[1999], 't +1999 a text that repeats itself 1999');
    assert.equal(changes.at(-1), 't -1998');
  });

  test(`${flavour}: half a transaction at the end of a file is left out`, async () => {
    await using server = await openTestServer(flavour, { ignoreUrl: true });
    // Ends with the server, which is stopped below.
    const source = await TestSource.open(flavour, server);
    await source.run('CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(40))');
    const tables = [await streamedTable(source, 't')];
    const from = await binlogEnd(source);
    await source.run("INSERT INTO t VALUES (1, 'one')");
    await source.run(
      'BEGIN',
      "INSERT INTO t VALUES (2, 'cut')",
      "INSERT INTO t VALUES (3, 'cut')",
      'COMMIT',
    );
    const [[folder]] = await source.texts('SELECT @@datadir');
    const events = await source.texts(`SHOW BINLOG EVENTS IN '${from.file}'`);
    const rows = events.filter((event) => /^Write_rows/.test(event[2] ?? ''));
    await server.stop();
    await truncate(join(folder!, from.file), Number(rows.at(-1)![4]));
    await server.start();
    await using again = await TestSource.open(flavour, server);
    await again.run(`INSERT INTO ${source.database}.t VALUES (4, 'four')`);
    for (const start of [from, { ...from, gtidSet: null }]) {
      await using tail = await Tail.open(again, { from: start, tables });
      const changes: string[] = [];
      while (!changes.includes('t +4 four')) {
        const message = await tail.next();
        if (!('kind' in message)) changes.push(...message.changes);
        else if (message.kind === 'schema-event') tail.resume();
      }
      assert.deepEqual(changes, ['t +1 one', 't +4 four']);
    }
  });
}

test('mariadb: rows that a transaction rolled back, but logged, are left out', async () => {
  await using source = await openTables('mariadb');
  const tables = [await streamedTable(source, 't')];
  const from = await binlogEnd(source);
  await source.run(
    "INSERT INTO t VALUES (1, 'one')",
    'BEGIN',
    "INSERT INTO t VALUES (2, 'rolled back')",
    'CREATE TEMPORARY TABLE temporary (id INT)',
    'ROLLBACK',
    "INSERT INTO t VALUES (3, 'three')",
    'BEGIN',
    "INSERT INTO t VALUES (4, 'four')",
    'SAVEPOINT `a b`',
    "INSERT INTO t VALUES (5, 'rolled back')",
    'DROP TEMPORARY TABLE temporary',
    'CREATE TEMPORARY TABLE other (id INT)',
    'ROLLBACK TO `a b`',
    "INSERT INTO t VALUES (6, 'six')",
    'COMMIT',
  );
  const end = await binlogEnd(source);
  await using tail = await Tail.open(source, { from, tables });
  const changes: string[] = [];
  let rollbacks = 0;
  for (let isOver = false; !isOver;) {
    const message = await tail.next();
    if (!('kind' in message)) {
      changes.push(...message.changes);
      isOver = message.checkpoint.position === end.position;
    } else if (message.kind === 'rollback') rollbacks += 1;
    else tail.resume();
  }
  assert.deepEqual(changes, ['t +1 one', 't +3 three', 't +4 four', 't +6 six']);
  assert.equal(rollbacks, 2);
});

test('mysql: tagged GTIDs are told in the checkpoints', async () => {
  await using source = await openTables('mysql');
  const tables = [await streamedTable(source, 't')];
  const from = await binlogEnd(source);
  await using tail = await Tail.open(source, { from, tables });
  await source.run("SET SESSION gtid_next = 'AUTOMATIC:ducks'", "INSERT INTO t VALUES (1, 'one')");
  const committed = await tail.nextCommit();
  const end = await binlogEnd(source);
  assert.match(end.gtidSet!, /:ducks:1$/);
  assert.deepEqual(placeOf(committed.checkpoint), end);
  assert.ok(Math.abs(Date.now() - committed.sourceTimeMs!) < 10_000);
  await source.run("SET SESSION gtid_next = 'AUTOMATIC'", "INSERT INTO t VALUES (2, 'two')");
  assert.deepEqual(placeOf((await tail.nextCommit()).checkpoint), await binlogEnd(source));
  await using again = await Tail.open(source, { from: committed.checkpoint, tables });
  assert.deepEqual((await again.nextCommit()).changes, ['t +2 two']);
});

test('mysql: without GTIDs the stream goes by file and position', async () => {
  await using server = await openTestServer('mysql', {
    ignoreUrl: true,
    extraArguments: ['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF'],
  });
  await using source = await TestSource.open('mysql', server);
  await source.run('CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(40))');
  const tables = [await streamedTable(source, 't')];
  const from = await binlogEnd(source);
  assert.equal(from.gtidSet, null);
  await using tail = await Tail.open(source, { from, tables });
  await source.run("INSERT INTO t VALUES (1, 'one')");
  const first = await tail.nextCommit();
  assert.deepEqual(placeOf(first.checkpoint), await binlogEnd(source));
  await source.run('FLUSH BINARY LOGS', "INSERT INTO t VALUES (2, 'two')");
  const second = await tail.nextCommit();
  assert.deepEqual(placeOf(second.checkpoint), await binlogEnd(source));
  await using again = await Tail.open(source, { from: first.checkpoint, tables });
  assert.deepEqual((await again.nextCommit()).changes, ['t +2 two']);
  // A set from before GTIDs were switched off is of no use.
  const stale = { ...first.checkpoint, gtidSet: parseGtidSet('', 'mysql').toString() };
  await using third = await Tail.open(source, { from: stale, tables });
  assert.deepEqual((await third.nextCommit()).changes, ['t +2 two']);
});

/** Passes bytes to a local port and back, until it stalls. */
class StallingProxy implements AsyncDisposable {
  private readonly sockets: Socket[] = [];
  private readonly server;

  private constructor(target: number) {
    this.server = createServer((client) => {
      const upstream = connect(target, '127.0.0.1');
      for (const socket of [client, upstream]) {
        socket.on('error', () => undefined);
        this.sockets.push(socket);
      }
      client.pipe(upstream).pipe(client);
    });
  }

  static async open(target: number): Promise<StallingProxy> {
    const proxy = new StallingProxy(target);
    await new Promise<void>((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** From now on nothing arrives, and nobody is told. */
  stall(): void {
    for (const socket of this.sockets) socket.unpipe();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
