import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import test from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import mysql from 'mysql2/promise';
import { openTestServer, type Flavour } from './test-server.js';

const FLAVOURS: readonly Flavour[] = ['mysql', 'mariadb'];

async function query(url: string, ...statements: string[]): Promise<Record<string, unknown>> {
  const connection = await mysql.createConnection({ uri: url, timezone: 'Z' });
  try {
    let row: Record<string, unknown> = {};
    for (const statement of statements) {
      const [rows] = await connection.query<mysql.RowDataPacket[]>(statement);
      row = rows[0] ?? {};
    }
    return row;
  } finally {
    await connection.end();
  }
}

async function answers(url: string): Promise<boolean> {
  return query(url, 'SELECT 1').then(
    () => true,
    () => false,
  );
}

for (const flavour of FLAVOURS) {
  test(`a ${flavour} server writes a full row binary log`, async () => {
    await using server = await openTestServer(flavour);
    assert.equal(/mariadb/i.test(server.version), flavour === 'mariadb');
    const settings = await query(
      server.url,
      'SELECT @@log_bin AS log, @@binlog_format AS format, @@binlog_row_image AS image, ' +
        '@@binlog_row_metadata AS metadata, @@server_id > 0 AS id, @@local_infile AS local_files',
    );
    assert.deepEqual(
      { ...settings },
      { log: 1, format: 'ROW', image: 'FULL', metadata: 'FULL', id: 1, local_files: 1 },
    );
    // MariaDB has no such switch: it always writes GTIDs.
    if (flavour === 'mysql') {
      assert.equal((await query(server.url, 'SELECT @@gtid_mode AS mode')).mode, 'ON');
    }
  });

  test(`a ${flavour} server keeps port and data over kill and stop`, async () => {
    await using server = await openTestServer(flavour, { ignoreUrl: true });
    const { url } = server;
    await query(url, 'CREATE DATABASE d', 'CREATE TABLE d.t (n INT PRIMARY KEY)');
    await query(url, 'INSERT INTO d.t VALUES (7)');
    const { id } = await query(url, 'SELECT @@server_id AS id');
    await server.kill();
    assert.equal(await answers(url), false);
    await server.start();
    await server.stop();
    assert.equal(await answers(url), false);
    await server.start();
    assert.equal(server.url, url);
    assert.equal((await query(url, 'SELECT n FROM d.t')).n, 7);
    assert.equal((await query(url, 'SELECT @@server_id AS id')).id, id);
  });
}

test('two servers at once are independent and end with their disposal', async () => {
  const first = await openTestServer('mysql', { ignoreUrl: true });
  const second = await openTestServer('mysql', {
    ignoreUrl: true,
    extraArguments: ['--max-connections=77'],
  });
  try {
    assert.notEqual(first.url, second.url);
    const identity = 'SELECT @@server_uuid AS uuid, @@max_connections AS connections';
    const [one, two] = [await query(first.url, identity), await query(second.url, identity)];
    assert.notEqual(one.uuid, two.uuid);
    assert.equal(two.connections, 77);
  } finally {
    await first[Symbol.asyncDispose]();
    await second[Symbol.asyncDispose]();
  }
  assert.equal(await answers(first.url), false);
  assert.equal(await answers(second.url), false);
});

test('a server that cannot start is an error with its log', async () => {
  const refused = openTestServer('mysql', {
    ignoreUrl: true,
    extraArguments: ['--no-such-setting=1'],
  });
  await assert.rejects(refused, /no-such-setting[^]*DUCKTAIL_TEST_MYSQL_URL/);
});

test('a server does not outlive a killed parent', async () => {
  const main = fileURLToPath(new URL('main.js', import.meta.url));
  const { DUCKTAIL_TEST_MYSQL_URL: _given, ...env } = process.env;
  const parent = spawn(process.execPath, [main, 'mysql'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env,
  });
  const [url] = (await once(createInterface(parent.stdout), 'line')) as [string];
  assert.equal(await answers(url), true);
  parent.kill('SIGKILL');
  const end = Date.now() + 5_000;
  while (await answers(url)) {
    assert.ok(Date.now() < end, 'the server still answers');
    await delay(50);
  }
});

test('the server of the URL variable is used and left running', async () => {
  await using own = await openTestServer('mysql', { ignoreUrl: true });
  const before = process.env.DUCKTAIL_TEST_MYSQL_URL;
  process.env.DUCKTAIL_TEST_MYSQL_URL = own.url;
  try {
    {
      await using given = await openTestServer('mysql');
      assert.deepEqual([given.origin, given.url], ['url', own.url]);
      await assert.rejects(given.kill(), /not ours/);
    }
    assert.equal(await answers(own.url), true);
  } finally {
    if (before === undefined) delete process.env.DUCKTAIL_TEST_MYSQL_URL;
    else process.env.DUCKTAIL_TEST_MYSQL_URL = before;
  }
});

for (const flavour of FLAVOURS) {
  test(`named time zones work in ${flavour}`, async (context) => {
    await using server = await openTestServer(flavour);
    const { hours } = await query(
      server.url,
      "SELECT CONVERT_TZ('2024-07-01 12:00:00', 'Europe/Berlin', 'America/New_York') = " +
        "'2024-07-01 06:00:00' AS hours",
    );
    if (hours === null) context.skip('the tool for time zones was not at hand');
    else assert.equal(hours, 1);
  });
}
