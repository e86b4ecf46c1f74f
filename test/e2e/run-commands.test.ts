import assert from 'node:assert/strict';
import test from 'node:test';
import type { Status } from '../../src/service/status.js';
import type { SyncResult } from '../../src/model/sync-result.js';
import type { VerifyResult } from '../../src/verify/verify-result.js';
import { assertSameData } from '../helpers/compare.js';
import { runDucktail } from '../helpers/ducktail.js';
import { TestSource } from '../helpers/test-source.js';
import { assertFailedClearly, type ErrorDocument } from './support/clear-message.js';
import { DucktailChild } from './support/ducktail-child.js';
import type { HookPlan } from './support/hook-plan.js';
import { Service } from './support/service.js';
import { addTextTable } from './support/text-table.js';

/** A time that no test meets: what happens is what clients ask for. */
const NEVER = { INCREMENTAL_SCHEDULE: '0 0 1 1 *' };
const NO_TIMES = 'id INT PRIMARY KEY, v VARCHAR(20)';

async function openSource(): Promise<TestSource> {
  const source = await TestSource.open('mysql');
  await source.run(
    `CREATE TABLE t (${NO_TIMES})`,
    `INSERT INTO t VALUES (1, 'one'), (2, 'two')`,
    `CREATE TABLE u (${NO_TIMES})`,
  );
  return source;
}

async function startService(
  source: TestSource,
  settings: Readonly<Record<string, string>> = {},
): Promise<Service> {
  const service = await Service.start(source.url, { ...NEVER, ...settings });
  await service.child.says(/synced: /);
  return service;
}

test('status, query, sync and verify go through a service', async (t) => {
  await using source = await openSource();
  await using service = await startService(source);
  // All that leads to the service: it has a configuration of its own.
  const env = { DUCKDB_PATH: service.duckdbPath };

  await t.test('status', async () => {
    const run = await runDucktail(['status', '--json'], env);
    assert.equal(run.exitCode, 0, run.stderr);
    const status = run.json<Status>();
    assert.deepEqual(status.service, { pid: service.child.pid, state: 'waiting' });
    assert.equal(status.cdc, null);
    assert.deepEqual(
      status.tables.map(({ table, rows }) => [table, rows]),
      [
        ['t', 2],
        ['u', 0],
      ],
    );
    const text = await runDucktail(['status'], env);
    assert.match(text.stdout, new RegExp(`^Service: waiting \\(pid ${service.child.pid}\\)\n`));
  });

  await t.test('query', async () => {
    const run = await runDucktail(['query', '--json', 'SELECT 1; FROM t ORDER BY id'], env);
    assert.deepEqual(run.json(), {
      columns: [
        { name: 'id', type: 'INTEGER' },
        { name: 'v', type: 'VARCHAR' },
      ],
      rows: [
        [1, 'one'],
        [2, 'two'],
      ],
    });
    const text = await runDucktail(['query', 'FROM t'], env);
    assert.match(text.stdout, /\n2 rows\n$/);
  });

  await t.test('sync of one table', async () => {
    await source.run(`INSERT INTO t VALUES (3, 'three')`, `INSERT INTO u VALUES (1, 'one')`);
    const run = await runDucktail(['sync', 't', '--full', '--json'], env);
    assert.equal(run.exitCode, 0, run.stderr);
    const { tables } = run.json<SyncResult>();
    assert.deepEqual(
      tables.map(({ table, mode, rows }) => [table, mode, rows]),
      [['t', 'full', 3]],
    );
    // Its progress is told to the client, and to the service's log.
    assert.match(run.stderr, /"msg":"t: copied"/);
    assert.match(service.child.stderr, /"rows":3,.*"msg":"t: copied"/);
    assert.deepEqual(await service.rows('SELECT count(*) FROM u'), [['0']]);
  });

  await t.test('sync of a table that does not exist', async () => {
    assertFailedClearly(await runDucktail(['sync', 'nothing', '--json'], env), {
      exitCode: 2,
      code: 'configuration',
      message: /^no such table in the database '.*': nothing$/,
      hint: /spelling/,
    });
  });

  await t.test('sync --dry-run, which asks the source itself', async () => {
    const run = await runDucktail(['sync', '--dry-run', '--json'], {
      ...env,
      MYSQL_URL: source.url,
    });
    const { tables } = run.json<{ tables: { table: string; why: string }[] }>();
    assert.deepEqual(
      tables.map(({ table, why }) => [table, why]).sort(),
      ['t', 'u'].map((table) => [table, 'no column tells when a row changed']),
    );
  });

  await t.test('verify, and its repair', async () => {
    await source.run(`UPDATE t SET v = 'changed' WHERE id = 2`);
    const found = await runDucktail(['verify', 't', '--json'], env);
    assert.equal(found.exitCode, 1, found.stderr);
    assert.equal(found.json<VerifyResult>().tables[0].changed, 1);
    const repaired = await runDucktail(['verify', '--repair', '--json'], env);
    assert.equal(repaired.exitCode, 0, repaired.stderr);
    assert.match(repaired.stderr, /t: 1 rows differ, 1 repaired/);
    const again = await runDucktail(['verify'], env);
    assert.equal(again.exitCode, 0, again.stdout);
  });

  service.child.signal('SIGINT');
  assert.equal((await service.child.ended).exitCode, 0);
  await assertSameData(source, service.duckdbPath);
});

test('a second service is refused at once, and told who is there', async () => {
  await using source = await openSource();
  await using service = await startService(source);
  assertFailedClearly(
    await runDucktail(['run', '--json'], { ...service.env, LOG_LEVEL: 'error' }),
    {
      exitCode: 1,
      code: 'target-busy',
      message: new RegExp(`in use by 'ducktail run' \\(pid ${service.child.pid}, since `),
      hint: /stop that one, or wait for it/,
    },
  );
  assert.equal((await service.status()).service?.pid, service.child.pid);
});

const REFUSED: readonly [sql: string, message: RegExp][] = [
  ['INSERT INTO t VALUES (9, NULL)', /read-only/],
  ['DROP TABLE t', /read-only/],
  ['COMMIT; DROP TABLE t', /read-only.*TRANSACTION/],
  [`SET memory_limit = '1GB'`, /read-only.*SET/],
  [`PRAGMA memory_limit = '1GB'`, /read-only.*SET/],
  [`ATTACH ':memory:' AS other`, /read-only.*ATTACH/],
  ['FORCE CHECKPOINT', /read-only.*CALL/],
  ['FROM force_checkpoint()', /Cannot FORCE CHECKPOINT/],
  ['COPY t FROM VALUES', /syntax error/],
  ['EXPLAIN ANALYZE DELETE FROM t', /read-only/],
  ['SELEC 1', /syntax error at or near "SELEC"/],
  ['FROM nowhere', /Table with name nowhere does not exist/],
  [`SELECT 'a'::INT`, /Could not convert string 'a' to INT32/],
  ['-- nothing', /no statement/],
];

test('a query can neither change the replica nor the service', async (t) => {
  await using source = await openSource();
  await using service = await startService(source);
  for (const [sql, message] of REFUSED) {
    await t.test(sql, async () => {
      await assert.rejects(service.rows(sql), { code: 'query-failed', message });
    });
  }
  await t.test('COPY of a file into a table', async () => {
    const file = `${service.duckdbPath}.csv`;
    await service.rows(`COPY (SELECT 9 AS id, 'x' AS v) TO '${file}'`);
    await assert.rejects(service.rows(`COPY t FROM '${file}'`), { message: /read-only/ });
  });
  assert.deepEqual(await service.rows('SELECT count(*) FROM t'), [['2']]);
});

test('a result of any length comes whole', async () => {
  await using source = await openSource();
  await using service = await startService(source);
  const rows = await service.rows(`SELECT i, repeat('x', 100) FROM range(300000) r(i)`);
  assert.equal(rows.length, 300_000);
  assert.deepEqual(rows.at(-1), ['299999', 'x'.repeat(100)]);
});

/** More than run at once: the next one has to wait for a place. */
const ENDLESS = 'SELECT count(*) FROM range(10000000000000)';
const QUERIES_AT_ONCE = 3;

test('a query whose client goes away ends, and makes room for others', async () => {
  await using source = await openSource();
  await using service = await startService(source);
  const clients = [];
  for (let at = 0; at < QUERIES_AT_ONCE; at++) clients.push(await service.client());
  const stop = new AbortController();
  const running = clients.map((client) =>
    assert.rejects(client.query(ENDLESS, stop.signal), { name: 'AbortError' }),
  );
  await using child = DucktailChild.start(['query', ENDLESS], service.env);
  // Status is answered all the same.
  assert.equal((await service.status()).service?.state, 'waiting');
  stop.abort();
  await Promise.all(running);
  child.signal('SIGKILL');
  await child.ended;
  assert.deepEqual(await service.rows('SELECT 42'), [[42]]);
  service.child.signal('SIGTERM');
  assert.equal((await service.child.ended).exitCode, 0);
});

test('a sync whose client goes away is stopped, and the service goes on', async () => {
  await using source = await openSource();
  await addTextTable(source, { name: 'texts', rows: 300, bytes: 64 * 1024 });
  // The first sync passes; the client's is the one that waits.
  const plan: HookPlan = { point: 'flush', action: 'hold', table: 'later' };
  await using service = await Service.start(source.url, NEVER, { plan });
  await service.child.says(/synced: /);
  await source.run('CREATE TABLE later SELECT * FROM texts');
  await using child = DucktailChild.start(['sync', '--json'], service.env);
  await service.child.reached();
  assert.equal((await service.status()).service?.state, 'syncing');
  child.signal('SIGINT');
  const run = await child.ended;
  assert.equal(run.exitCode, 1, run.stderr);
  assert.equal(run.json<ErrorDocument>().error.code, 'aborted');
  await service.isIn('waiting');
  await assert.rejects(service.rows('FROM later'), /does not exist/);
  service.child.signal('SIGTERM');
  const ended = await service.child.ended;
  assert.equal(ended.exitCode, 0, ended.stderr);
  assert.doesNotMatch(ended.stderr, /call failed/);
});
