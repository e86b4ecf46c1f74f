import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import type { ServiceReport } from '../../src/service/daemon.js';
import { assertSameData } from '../helpers/compare.js';
import { runDucktail } from '../helpers/ducktail.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import { openTestServer } from '../servers/test-server.js';
import { assertFailedClearly, assertNoSecrets, assertNoStack } from './support/clear-message.js';
import { Service } from './support/service.js';

const CHANGED =
  'changed TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)';
const ROWS = 'SELECT id, v FROM t ORDER BY id';

async function addTable(source: TestSource): Promise<void> {
  await source.run(
    `CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20), ${CHANGED}, KEY (changed))`,
    `INSERT INTO t (id, v) VALUES (1, 'one'), (2, 'two')`,
  );
}

/** Stops it and expects a clean end: its document, and nothing left but the file. */
async function stops(service: Service): Promise<ServiceReport> {
  const { child, duckdbPath } = service;
  child.signal('SIGTERM');
  const run = await child.ended;
  assert.equal(run.exitCode, 0, run.stderr);
  assertNoStack(run);
  const left = await readdir(path.dirname(duckdbPath));
  assert.deepEqual(left, [path.basename(duckdbPath)]);
  const { clean, ...report } = run.json<ServiceReport & { clean: boolean }>();
  assert.equal(clean, true);
  return report;
}

for (const flavour of ['mysql', 'mariadb'] as const) {
  test(`${flavour}: a service copies, follows, meets new tables and stops`, async () => {
    await using source = await TestSource.open(flavour);
    await addTable(source);
    await using service = await Service.start(source.url);
    await service.answers();
    await service.shows(ROWS, [
      [1, 'one'],
      [2, 'two'],
    ]);
    await source.run(
      `UPDATE t SET v = 'changed' WHERE id = 1`,
      `INSERT INTO t (id, v) VALUES (3, 'three')`,
      'CREATE TABLE later (id INT PRIMARY KEY)',
      'INSERT INTO later VALUES (7)',
    );
    await service.shows(ROWS, [
      [1, 'changed'],
      [2, 'two'],
      [3, 'three'],
    ]);
    await service.shows('FROM later', [[7]]);
    const { service: told, cdc, tables } = await service.status();
    assert.equal(told?.pid, service.child.pid);
    assert.equal(cdc, null);
    assert.deepEqual(
      tables.map(({ table, rows, error }) => [table, rows, error]),
      [
        ['later', 1, null],
        ['t', 3, null],
      ],
    );
    const report = await stops(service);
    assert.deepEqual(
      report.tables.map(({ table }) => table),
      ['later', 't'],
    );
    await assertSameData(source, service.duckdbPath);
  });
}

test('the log says what runs and how each sync went, and no password', async () => {
  await using source = await TestSource.open('mysql');
  await addTable(source);
  const password = 'S3cret word';
  const account = `'${source.database.slice(-12)}'@'%'`;
  await source.run(
    `CREATE USER ${account} IDENTIFIED BY '${password}'`,
    `GRANT ALL ON ${source.database}.* TO ${account}`,
  );
  const url = new URL(source.url);
  url.username = source.database.slice(-12);
  url.password = encodeURIComponent(password);
  await using service = await Service.start(url.href);
  await service.child.says(/synced: 2 rows read/);
  await stops(service);
  await source.run(`DROP USER ${account}`);
  const run = await service.child.ended;
  assertNoSecrets(run, [password, encodeURIComponent(password)]);
  const [first, ...rest] = run.stderr.split('\n').flatMap((line) => {
    return line === '' ? [] : [JSON.parse(line) as Record<string, unknown>];
  });
  assert.equal(first.msg, 'ducktail runs');
  assert.equal(first.replica, service.duckdbPath);
  assert.equal(first.mode, 'incremental');
  assert.equal(first.schedule, '* * * * * *');
  assert.match(String(first.source), new RegExp(`@.*/${source.database}$`));
  const synced = rest.find(({ msg }) => String(msg).startsWith('synced'));
  assert.equal(synced?.tables, 1);
  assert.equal(synced.rows, 2);
  assert.equal(rest.at(-1)?.msg, 'stopped');
});

test('a source that is down at the start is waited for, one that goes away comes back', async () => {
  await using server = await openTestServer('mysql', { ignoreUrl: true });
  // Not disposed of: its connection dies with the server.
  const source = await TestSource.open('mysql', server);
  await addTable(source);
  await server.stop();
  await using service = await Service.start(source.url, { INCREMENTAL_SCHEDULE: '0 0 1 1 *' });
  await service.answers();
  await service.child.says(/nothing listens there.*waiting for it/);
  const { service: told, tables } = await service.status();
  assert.equal(told?.state, 'source-unavailable');
  assert.deepEqual(tables, []);
  await server.start();
  await service.child.says(/the source answers/);
  await service.shows('SELECT count(*) FROM t', [['2']]);
  await service.isIn('waiting');
  await stops(service);
  // Now with a schedule that is due every second.
  await using second = await Service.start(source.url);
  await second.child.says(/synced: 2 rows read/);
  await server.kill();
  await second.child.says(/the next attempt is at/);
  await second.isIn('source-unavailable');
  assert.deepEqual(await second.rows('SELECT count(*) FROM t'), [['2']]);
  await server.start();
  await second.child.says(/"msg":"recovered"/);
  await second.isIn('waiting');
  await stops(second);
});

const REFUSED: readonly [what: string, change: (url: URL) => void, message: RegExp][] = [
  ['a wrong password', (url) => (url.password = 'wrong'), /refuses the user '.*' or its password$/],
  ['an unknown database', (url) => (url.pathname = '/nowhere'), /there is no database 'nowhere'/],
];

for (const [what, change, message] of REFUSED) {
  test(`${what} ends a service at once, without a file`, async () => {
    await using source = await TestSource.open('mysql');
    await using folder = await TempFolder.open();
    const url = new URL(source.url);
    change(url);
    const env = {
      MYSQL_URL: url.href,
      DUCKDB_PATH: folder.file('replica.duckdb'),
      CDC_ENABLED: 'false',
      LOG_LEVEL: 'silent',
    };
    const run = await runDucktail(['run', '--json'], env);
    assertFailedClearly(run, {
      exitCode: 1,
      code: 'source-unsuitable',
      message,
      hint: /MYSQL_URL/,
    });
    assert.equal(existsSync(env.DUCKDB_PATH), false);
    assert.deepEqual(await readdir(folder.path), []);
  });
}

test('what blocks a sync ends a service at its start, with the remedy', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  await source.run('CREATE TABLE a (id INT PRIMARY KEY)', 'CREATE TABLE A (id INT PRIMARY KEY)');
  const env = {
    MYSQL_URL: source.url,
    DUCKDB_PATH: folder.file('replica.duckdb'),
    CDC_ENABLED: 'false',
  };
  const run = await runDucktail(['run', '--json'], env);
  assertFailedClearly(run, {
    exitCode: 1,
    code: 'source-unsuitable',
    message: /'A' and 'a' differ only in case/,
    hint: /EXCLUDE_TABLES=a/,
  });
});

test('a table that fails later is told, and the others go on', async () => {
  await using source = await TestSource.open('mysql');
  await addTable(source);
  await source.run('CREATE TABLE a (id INT PRIMARY KEY)');
  await using service = await Service.start(source.url);
  await service.child.says(/synced: 2 rows read/);
  await source.run('CREATE TABLE A (id INT PRIMARY KEY)');
  await service.child.says(/2 of 3 tables failed/);
  await source.run(`INSERT INTO t (id, v) VALUES (3, 'three')`);
  await service.shows('SELECT count(*) FROM t', [['3']]);
  const { tables } = await service.status();
  const failed = tables.filter(({ error }) => error !== null);
  assert.deepEqual(failed.map(({ table }) => table).sort(), ['A', 'a']);
  await stops(service);
});
