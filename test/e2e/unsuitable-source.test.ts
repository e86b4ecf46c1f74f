import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import test from 'node:test';
import type { SyncResult } from '../../src/model/sync-result.js';
import { assertSameData } from '../helpers/compare.js';
import { runDucktail } from '../helpers/ducktail.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import { TestAccount } from '../source/test-account.js';
import {
  assertFailedClearly,
  assertNoSecrets,
  assertNoStack,
  type ExpectedError,
} from './support/clear-message.js';
import { addTextTable } from './support/text-table.js';

/** Too long for a name: unknown without asking any name server. */
const NO_HOST = 'a'.repeat(64);
const PASSWORD = 'S3cret-pass word';

function urlWith(
  source: TestSource,
  parts: Partial<Record<'login' | 'server' | 'database', string>>,
): string {
  const url = new URL(source.url);
  const { login = url.username, server = url.host, database = source.database } = parts;
  return `mysql://${login}@${server}/${database}`;
}

function accountUrl(source: TestSource, { endpoint }: TestAccount): string {
  const login = `${endpoint.user}:${encodeURIComponent(endpoint.password)}`;
  return urlWith(source, { login });
}

const encoded = encodeURIComponent(PASSWORD);
const WRONG: readonly {
  readonly what: string;
  readonly url: (source: TestSource) => string;
  readonly expected: ExpectedError;
}[] = [
  {
    what: 'a wrong password',
    url: (source) => urlWith(source, { login: `root:${encoded}` }),
    expected: {
      exitCode: 1,
      code: 'source-unsuitable',
      message: /^MySQL at 127\.0\.0\.1:\d+ refuses the user 'root' or its password$/,
      hint: /^Check user and password in MYSQL_URL/,
    },
  },
  {
    what: 'an unknown user',
    url: (source) => urlWith(source, { login: `nobody_here:${encoded}` }),
    expected: {
      exitCode: 1,
      code: 'source-unsuitable',
      message: /refuses the user 'nobody_here' or its password$/,
      hint: /^Check user and password in MYSQL_URL/,
    },
  },
  {
    what: 'an unknown host',
    url: (source) => urlWith(source, { login: `root:${encoded}`, server: `${NO_HOST}:3306` }),
    expected: {
      exitCode: 1,
      code: 'source-unsuitable',
      message: new RegExp(`^host ${NO_HOST} is unknown$`),
      hint: /^Check the host in MYSQL_URL/,
    },
  },
  {
    what: 'a port where nothing listens',
    url: (source) => urlWith(source, { login: `root:${encoded}`, server: '127.0.0.1:1' }),
    expected: {
      exitCode: 1,
      code: 'source-unavailable',
      message: /^MySQL at 127\.0\.0\.1:1: nothing listens there \(connection refused\)$/,
      hint: /^Check that the server runs and that host and port in MYSQL_URL are right/,
    },
  },
  {
    what: 'a missing database',
    url: (source) => urlWith(source, { database: 'ducktail_no_such_database' }),
    expected: {
      exitCode: 1,
      code: 'source-unsuitable',
      message: /^there is no database 'ducktail_no_such_database' at 127\.0\.0\.1:\d+/,
      hint: /^Check the path of MYSQL_URL/,
    },
  },
];

test('what is wrong with the source is said in one line, and no file is left', async (t) => {
  await using source = await TestSource.open('mysql');
  await source.run('CREATE TABLE one (id INT PRIMARY KEY)');
  await using folder = await TempFolder.open();
  const duckdbPath = folder.file('replica.duckdb');
  for (const { what, url, expected } of WRONG) {
    const env = { MYSQL_URL: url(source), DUCKDB_PATH: duckdbPath };
    const secrets = [PASSWORD, encoded];
    for (const args of [['sync'], ['check']]) {
      await t.test(`${what}: ${args.join(' ')}`, async () => {
        const run = await runDucktail([...args, '--json'], env);
        assertFailedClearly(run, expected, secrets);
        assert.equal(existsSync(duckdbPath), false);
        assert.equal(existsSync(`${duckdbPath}.lock`), false);
      });
    }
  }
});

test('the stack is shown on demand, and never the password', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  const run = await runDucktail(['sync'], {
    MYSQL_URL: urlWith(source, { login: `root:${encoded}` }),
    DUCKDB_PATH: folder.file('replica.duckdb'),
    LOG_LEVEL: 'debug',
  });
  assert.equal(run.exitCode, 1);
  assert.equal(run.stdout, '');
  assert.match(run.stderr, /^ducktail: .*\n {2}.*\nDucktailError: (.|\n)*^ {4}at /m);
  assertNoSecrets(run, [PASSWORD, encoded]);
});

for (const flavour of ['mysql', 'mariadb'] as const) {
  test(`${flavour}: an account without any grant on the database is told what is missing`, async () => {
    await using source = await TestSource.open(flavour);
    await source.run('CREATE TABLE one (id INT PRIMARY KEY)');
    await using account = await TestAccount.open(source, []);
    await using folder = await TempFolder.open();
    const run = await runDucktail(['sync', '--json'], {
      MYSQL_URL: accountUrl(source, account),
      DUCKDB_PATH: folder.file('replica.duckdb'),
    });
    assertFailedClearly(
      run,
      {
        exitCode: 1,
        code: 'source-unsuitable',
        message: new RegExp(
          `^user '${account.user}' may not use the database '${source.database}'$`,
        ),
        hint: /^GRANT SELECT/,
      },
      [account.endpoint.password, encodeURIComponent(account.endpoint.password)],
    );
  });

  test(`${flavour}: a table without SELECT fails, the others are copied`, async () => {
    await using source = await TestSource.open(flavour);
    await source.run(
      'CREATE TABLE seen (id INT PRIMARY KEY)',
      'INSERT INTO seen VALUES (1), (2)',
      'CREATE TABLE hidden (id INT PRIMARY KEY)',
      'CREATE TABLE also_seen (id INT PRIMARY KEY)',
      'INSERT INTO also_seen VALUES (3)',
    );
    await using account = await TestAccount.open(source, [
      `LOCK TABLES ON ${source.database}.*`,
      `SELECT ON ${source.database}.seen`,
      `SELECT ON ${source.database}.also_seen`,
      `INSERT ON ${source.database}.hidden`,
    ]);
    await using folder = await TempFolder.open();
    const duckdbPath = folder.file('replica.duckdb');
    const run = await runDucktail(['sync', '--json'], {
      MYSQL_URL: accountUrl(source, account),
      DUCKDB_PATH: duckdbPath,
      WORKER_THREADS: '2',
    });
    assert.equal(run.exitCode, 1, run.stderr);
    const { tables } = run.json<SyncResult>();
    assert.deepEqual(
      tables.map(({ table, rows, error }) => [table, rows, error?.code ?? null]),
      [
        ['also_seen', 1, null],
        ['hidden', 0, 'table-failed'],
        ['seen', 2, null],
      ],
    );
    const error = tables[1].error;
    assert.match(error?.message ?? '', /SELECT.* command denied to user .* for table .*hidden/);
    assert.match(
      error?.hint ?? '',
      new RegExp(`^GRANT SELECT ON \`${source.database}\`\\.\\* TO the user '${account.user}'`),
    );
    assertNoStack(run);
    await assertSameData(source, duckdbPath, { tables: ['seen', 'also_seen'] });
    // The lock is not what is missing.
    assert.doesNotMatch(run.stderr, /LOCK TABLES privilege/);
  });

  test(`${flavour}: without LOCK TABLES one reader copies all, and the GRANT is named`, async () => {
    await using source = await TestSource.open(flavour);
    await using account = await TestAccount.open(source, [`SELECT ON ${source.database}.*`]);
    await using folder = await TempFolder.open();
    const duckdbPath = folder.file('replica.duckdb');
    await addTextTable(source, { name: 'one', rows: 3000, bytes: 64 });
    await addTextTable(source, { name: 'two', rows: 2000, bytes: 64 });
    const env = { MYSQL_URL: accountUrl(source, account), DUCKDB_PATH: duckdbPath };
    const run = await runDucktail(['sync', '--json'], { ...env, WORKER_THREADS: '3' });
    assert.equal(run.exitCode, 0, run.stderr);
    await assertSameData(source, duckdbPath);
    const warning = run.stderr
      .split('\n')
      .filter((line) => line.includes('LOCK TABLES privilege is missing'));
    assert.equal(warning.length, 1, run.stderr);
    const { msg, hint } = JSON.parse(warning[0]) as { msg: string; hint: string };
    assert.match(msg, /reading with one reader instead of in parallel/);
    assert.equal(hint, `GRANT LOCK TABLES ON \`${source.database}\`.* TO '${account.user}'@'%';`);

    // The remedy is the one that helps.
    await source.run(hint);
    const second = await runDucktail(['sync', '--json'], { ...env, WORKER_THREADS: '3' });
    assert.equal(second.exitCode, 0, second.stderr);
    assert.doesNotMatch(second.stderr, /LOCK TABLES/);
  });
}

test('a table that is named and not there is bad usage', async () => {
  await using source = await TestSource.open('mysql');
  await source.run('CREATE TABLE one (id INT PRIMARY KEY)', 'CREATE VIEW seen AS SELECT 1');
  await using folder = await TempFolder.open();
  const run = await runDucktail(['sync', 'One', 'one', 'seen', '--json'], {
    MYSQL_URL: source.url,
    DUCKDB_PATH: folder.file('replica.duckdb'),
  });
  assertFailedClearly(run, {
    exitCode: 2,
    code: 'configuration',
    message: new RegExp(`^no such table in the database '${source.database}': One, seen$`),
    hint: /case-sensitive, and views are not copied/,
  });
});

test('a server that speaks something else is told from one that is down', async () => {
  await using folder = await TempFolder.open();
  const listener = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end('SSH-2.0-OpenSSH_9.2p1\r\n');
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  try {
    const run = await runDucktail(['sync', '--json'], {
      MYSQL_URL: `mysql://root:${encoded}@127.0.0.1:${port}/shop`,
      DUCKDB_PATH: folder.file('replica.duckdb'),
    });
    assertFailedClearly(
      run,
      {
        exitCode: 1,
        code: 'source-unavailable',
        message: new RegExp(`^MySQL at 127\\.0\\.0\\.1:${port}: `),
        hint: /^Check that the server runs and that host and port in MYSQL_URL are right/,
      },
      [PASSWORD, encoded],
    );
  } finally {
    listener.close();
  }
});
