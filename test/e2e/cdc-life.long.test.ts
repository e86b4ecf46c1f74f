import assert from 'node:assert/strict';
import test from 'node:test';
import { assertSameData } from '../helpers/compare.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { type Flavour, openTestServer, type TestServer } from '../servers/test-server.js';
import { FreshSource } from './support/fresh-source.js';
import { RunningService } from './support/running-service.js';
import { assertSameReplica } from './support/same-replica.js';
import { TcpProxy } from './support/tcp-proxy.js';

const FLAVOURS: readonly Flavour[] = ['mysql', 'mariadb'];
/** Three heartbeats of five seconds, and what a slow machine takes for the rest. */
const WATCHDOG_TIMEOUT_MS = 60_000;
const DUMP = /^Binlog Dump/;

/** A server of its own, a database on it with one table, and a service on its replica. */
class Scene implements AsyncDisposable {
  private written = 0;

  private constructor(
    readonly server: TestServer,
    readonly source: FreshSource,
    private readonly folder: TempFolder,
  ) {}

  static async open(flavour: Flavour): Promise<Scene> {
    const server = await openTestServer(flavour, { ignoreUrl: true });
    const source = await FreshSource.create(server);
    await source.run(
      'CREATE TABLE items (id INT PRIMARY KEY, v INT NOT NULL, note LONGTEXT)',
      "INSERT INTO items VALUES (1, 1, 'one'), (2, 2, NULL)",
      'CREATE TABLE others (v INT)',
    );
    return new Scene(server, source, await TempFolder.open());
  }

  get duckdbPath(): string {
    return this.folder.file('replica.duckdb');
  }

  /** A few transactions with new values. */
  async write(): Promise<void> {
    const n = ++this.written;
    await this.source.run(
      `REPLACE INTO items VALUES (${n % 7}, ${n}, 'note'), (${100 + n}, ${n}, NULL)`,
      `UPDATE items SET v = v + 1 WHERE id % 3 = 0`,
      `INSERT INTO others VALUES (${n}), (${n})`,
      `DELETE FROM others WHERE v = ${n - 2} LIMIT 1`,
    );
  }

  /** Fails unless the service gets what was written; stops it. */
  async assertFollowed(service: RunningService): Promise<void> {
    await service.caughtUp();
    await service.stop();
    await assertSameReplica(this.source, this.duckdbPath);
  }

  /** The ids of the threads that send the binlog to someone. */
  async dumpThreads(): Promise<string[]> {
    const rows = await this.source.texts('SHOW PROCESSLIST');
    return rows.filter(([, , , , what]) => DUMP.test(what ?? '')).map(([id]) => id ?? '');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.folder[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
  }
}

for (const flavour of FLAVOURS) {
  test(`${flavour}: a service goes on when its connections are lost`, async (t) => {
    await using scene = await Scene.open(flavour);
    await using proxy = await TcpProxy.open(scene.server.url);
    const { source } = scene;
    await using service = await RunningService.start(source, scene.duckdbPath, {
      url: `${proxy.url}/${source.database}`,
    });

    await t.test('the thread that sends the binlog is killed', async () => {
      await scene.write();
      const [thread, ...others] = await scene.dumpThreads();
      assert.deepEqual([thread === undefined, others], [false, []]);
      await source.run(`KILL ${thread}`);
      await scene.write();
      await service.caughtUp();
    });

    await t.test('all connections are cut, and refused for a while', async () => {
      proxy.cut({ refuse: true });
      await scene.write();
      await service.until('notices', ({ cdc }) => cdc?.state === 'reconnecting');
      proxy.restore();
      await service.caughtUp();
    });

    await t.test('all connections are silent, and no end is seen', async () => {
      assert.ok(proxy.stall() > 0);
      await scene.write();
      await service.caughtUp({ timeoutMs: WATCHDOG_TIMEOUT_MS });
      proxy.restore();
    });

    await t.test('the way is slow', async () => {
      proxy.slow(100);
      for (let i = 0; i < 5; i++) await scene.write();
      await service.caughtUp();
      proxy.restore();
    });

    await t.test('the server is shut down and started again', async () => {
      await scene.server.stop();
      await service.until('notices', ({ cdc }) => cdc?.state === 'reconnecting');
      await scene.server.start();
      await scene.write();
      await service.caughtUp();
    });

    await t.test('the server is killed and started again', async () => {
      await scene.write();
      await scene.server.kill();
      await service.until('notices', ({ cdc }) => cdc?.state === 'reconnecting');
      await scene.server.start();
      await scene.write();
      await service.caughtUp();
    });

    await t.test('and has the same rows in the end', async () => {
      await scene.assertFollowed(service);
    });

    await t.test('it is stopped while there is no server', async () => {
      await service.start();
      await scene.server.stop();
      await service.until('notices', ({ cdc }) => cdc?.state === 'reconnecting');
      await service.stop();
      await scene.server.start();
      await scene.write();
      await service.start();
      await scene.assertFollowed(service);
    });
  });

  test(`${flavour}: a binlog that has a gap is never taken for one that has none`, async (t) => {
    await using scene = await Scene.open(flavour);
    const { source } = scene;
    await using service = await RunningService.start(source, scene.duckdbPath);
    await scene.write();
    await scene.assertFollowed(service);

    await t.test('where it goes on is purged', async () => {
      await scene.write();
      await source.run('DELETE FROM items WHERE id = 2', 'FLUSH BINARY LOGS');
      const logs = await source.texts('SHOW BINARY LOGS');
      const [last] = logs[logs.length - 1];
      await source.run(`PURGE BINARY LOGS TO '${last}'`);
      await scene.write();
      await service.start();
      await scene.write();
      await scene.assertFollowed(service);
    });

    await t.test('all binlogs are reset', async () => {
      await source.run(
        'DELETE FROM items WHERE id = 1',
        flavour === 'mysql' ? 'RESET BINARY LOGS AND GTIDS' : 'RESET MASTER',
        "INSERT INTO items VALUES (-1, -1, 'after the reset')",
      );
      await service.start();
      await scene.write();
      await scene.assertFollowed(service);
    });
  });

  test(`${flavour}: changes that the binlog does not show whole are told, and do no harm`, async (t) => {
    await using scene = await Scene.open(flavour);
    const { source } = scene;
    const cases = partialCases(flavour);
    for (const { table } of cases) {
      await source.run(
        `CREATE TABLE ${table} (id INT PRIMARY KEY, v INT NOT NULL, note LONGTEXT, doc JSON)`,
        `INSERT INTO ${table} VALUES (1, 1, 'one', '{"a": 1, "b": "${'x'.repeat(200)}"}'),
           (2, 2, 'two', '{"a": 2}')`,
      );
    }
    await using service = await RunningService.start(source, scene.duckdbPath);
    for (const { what, table, statements } of cases) {
      await t.test(what, async () => {
        await source.run(...statements);
        await scene.write();
        await service.caughtUp({ exceptTables: cases.map((one) => one.table) });
        // Either it says what is wrong with the table, or it reads the table again.
        await service.until(`tells of ${table}`, async ({ tables }) => {
          const { error = null } = tables.find((one) => one.table === table) ?? {};
          return error !== null || (await isSame(source, service, table));
        });
        const damaged = `SELECT CAST(count(*) AS VARCHAR) FROM ${table}
          WHERE id < 3 AND (v IS NULL OR note IS NULL OR doc IS NULL)`;
        assert.deepEqual(await service.query(damaged), [['0']]);
      });
    }
    await service.stop();
    const isLeftOut = (name: string): boolean => cases.some(({ table }) => table === name);
    await t.test('other tables go on', () => assertOthersSame(source, scene.duckdbPath, isLeftOut));
  });
}

interface PartialCase {
  readonly what: string;
  readonly table: string;
  readonly statements: readonly string[];
}

/** Sessions that write less into the binlog than the server is set to. */
function partialCases(flavour: Flavour): PartialCase[] {
  const update = (table: string): string => `UPDATE ${table} SET v = v + 10 WHERE id = 1`;
  const cases: PartialCase[] = [
    {
      what: 'row images with changed columns alone',
      table: 'minimal',
      statements: ["SET SESSION binlog_row_image = 'MINIMAL'", update('minimal')],
    },
    {
      what: 'row images without long texts',
      table: 'no_blobs',
      statements: ["SET SESSION binlog_row_image = 'NOBLOB'", update('no_blobs')],
    },
    {
      what: 'statements in place of rows',
      table: 'by_statement',
      statements: ["SET SESSION binlog_format = 'STATEMENT'", update('by_statement')],
    },
  ];
  if (flavour === 'mysql') {
    cases.push({
      what: 'changes within JSON documents',
      table: 'partial_json',
      statements: [
        "SET SESSION binlog_row_value_options = 'PARTIAL_JSON'",
        "UPDATE partial_json SET doc = JSON_SET(doc, '$.a', 5) WHERE id = 1",
      ],
    });
  }
  return cases;
}

/** Whether the row that was changed is the same on both sides. */
async function isSame(
  source: FreshSource,
  service: RunningService,
  table: string,
): Promise<boolean> {
  const [[here]] = await service.query(
    `SELECT CAST(v AS VARCHAR) || ' ' || json_extract_string(doc, '$.a') FROM ${table}
      WHERE id = 1`,
  );
  const [[there]] = await source.texts(
    `SELECT CONCAT(v, ' ', JSON_UNQUOTE(JSON_EXTRACT(doc, '$.a'))) FROM ${table} WHERE id = 1`,
  );
  return here === there;
}

async function assertOthersSame(
  source: FreshSource,
  duckdbPath: string,
  isLeftOut: (table: string) => boolean,
): Promise<void> {
  const rows = await source.texts('SHOW TABLES');
  const tables = rows.map(([name]) => name ?? '').filter((name) => !isLeftOut(name));
  assert.ok(tables.length > 0);
  await assertSameData(source, duckdbPath, { tables });
}
