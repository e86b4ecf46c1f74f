import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import test from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { answers, query } from './server-query.js';
import { openTestServer, type Flavour } from './test-server.js';

const FLAVOURS: readonly Flavour[] = ['mysql', 'mariadb'];

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
}

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
