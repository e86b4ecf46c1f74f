import assert from 'node:assert/strict';
import test from 'node:test';
import { changeReplica } from '../e2e/support/replica-state.js';
import { runDucktail } from '../helpers/ducktail.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';

interface StatusDocument {
  readonly service: null;
  readonly cdc: null;
  readonly tables: readonly {
    readonly table: string;
    readonly mode: string;
    readonly rows: number;
    readonly lastSync: string | null;
    readonly watermark: string | null;
    readonly rejectedValues: number;
    readonly error: string | null;
  }[];
}

async function fill(source: TestSource): Promise<void> {
  await source.run(
    `CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, at DATE NULL,
       changed TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3))`,
    `INSERT INTO orders (id, at, changed) VALUES
       (1, '2020-01-01', '2024-05-06 07:08:09.123'), (2, '0000-00-00', '2024-05-06 07:08:08')`,
    'CREATE TABLE keyless (v INT)',
    'CREATE TABLE taken (id INT PRIMARY KEY)',
  );
}

test('status tells each table’s last sync, watermark, rejected values and error', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  const env = { MYSQL_URL: source.url, DUCKDB_PATH: folder.file('replica.duckdb') };
  await fill(source);
  await changeReplica(env.DUCKDB_PATH, 'CREATE VIEW taken AS SELECT 1 AS one');
  const empty = await runDucktail(['status', '--json'], env);
  assert.deepEqual(empty.json(), { service: null, cdc: null, tables: [] });
  const words = await runDucktail(['status'], env);
  assert.equal(words.stdout, 'No table has been synced yet.\n');

  const before = Date.now();
  const sync = await runDucktail(['sync'], env);
  assert.equal(sync.exitCode, 1, sync.stderr);
  const run = await runDucktail(['status', '--json'], { DUCKDB_PATH: env.DUCKDB_PATH });
  assert.equal(run.exitCode, 0, run.stderr);
  const { tables, ...rest } = run.json<StatusDocument>();
  assert.deepEqual(rest, { service: null, cdc: null });
  assert.deepEqual(
    tables.map(({ lastSync, ...table }) => table),
    [
      {
        table: 'keyless',
        mode: 'full',
        rows: 0,
        watermark: null,
        rejectedValues: 0,
        error: null,
      },
      {
        table: 'orders',
        mode: 'full',
        rows: 2,
        watermark: '2024-05-06 07:08:09.123',
        rejectedValues: 1,
        error: null,
      },
      {
        table: 'taken',
        mode: 'none',
        rows: 0,
        watermark: null,
        rejectedValues: 0,
        error: "a view named 'taken' stands in the replica where the table should go",
      },
    ],
  );
  const [keyless, orders, taken] = tables.map(({ lastSync }) => lastSync);
  assert.equal(taken, null);
  assert.equal(keyless, orders);
  assert.match(orders ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  const at = Date.parse(orders ?? '');
  assert.ok(at >= before && at <= Date.now(), String(orders));

  const table = await runDucktail(['status'], env);
  const lines = table.stdout.split('\n').map((line) => line.split('│').map((cell) => cell.trim()));
  assert.deepEqual(lines[1].slice(1, -1), [
    'table',
    'mode',
    'rows',
    'last sync',
    'watermark',
    'rejected',
    'error',
  ]);
  assert.deepEqual(lines[4].slice(1, 4), ['orders', 'full', '2']);
});

test('status tells where the stream of changes was left', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  const env = { MYSQL_URL: source.url, DUCKDB_PATH: folder.file('replica.duckdb') };
  await source.run('CREATE TABLE one (id INT PRIMARY KEY)');
  assert.equal((await runDucktail(['sync'], env)).exitCode, 0);
  await changeReplica(
    env.DUCKDB_PATH,
    `INSERT INTO _ducktail.stream VALUES
       ('main', 'uuid', 'uuid:1-5', 'binlog.000003', 157, '2024-05-06 07:08:09.5+00', now(), 1),
       ('other', 'uuid', NULL, 'binlog.000009', 4, NULL, now(), NULL)`,
  );
  const run = await runDucktail(['status', '--json'], env);
  assert.deepEqual(run.json<{ cdc: unknown }>().cdc, {
    state: 'stopped',
    checkpoint: { gtidSet: 'uuid:1-5', file: 'binlog.000003', position: 157 },
    sourceTime: '2024-05-06T07:08:09.500Z',
    lagSeconds: null,
    endedQueries: 0,
  });
  const words = await runDucktail(['status'], env);
  assert.match(words.stdout, /^CDC: stopped at binlog\.000003:157, .*2024-05-06T07:08:09\.500Z$/m);
  await changeReplica(env.DUCKDB_PATH, 'DROP TABLE _ducktail.stream');
  const older = await runDucktail(['status', '--json'], env);
  assert.equal(older.json<{ cdc: unknown }>().cdc, null);
});

test('after a failure the last good sync is still told, with the error beside it', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  const env = { MYSQL_URL: source.url, DUCKDB_PATH: folder.file('replica.duckdb') };
  await source.run('CREATE TABLE one (id INT PRIMARY KEY)', 'INSERT INTO one VALUES (1), (2)');
  assert.equal((await runDucktail(['sync'], env)).exitCode, 0);
  await changeReplica(
    env.DUCKDB_PATH,
    'ALTER TABLE one RENAME TO aside',
    'CREATE VIEW one AS FROM aside',
  );
  assert.equal((await runDucktail(['sync'], env)).exitCode, 1);
  const run = await runDucktail(['status', '--json'], env);
  const [one] = run.json<StatusDocument>().tables;
  assert.equal(one.mode, 'full');
  assert.equal(one.rows, 2);
  assert.notEqual(one.lastSync, null);
  assert.match(one.error ?? '', /^a view named 'one' stands in the replica/);
});
