import assert from 'node:assert/strict';
import test from 'node:test';
import type { Finding } from '../../src/model/finding.js';
import type { MysqlEndpoint } from '../../src/model/mysql-endpoint.js';
import { readCatalog } from '../../src/source/catalog.js';
import { openSession } from '../../src/source/connect.js';
import { runPreflight } from '../../src/source/preflight.js';
import { TestSource } from '../helpers/test-source.js';
import { type Flavour, openTestServer } from '../servers/test-server.js';
import { endpointOf, TestAccount } from './test-account.js';

const FLAVOURS: readonly Flavour[] = ['mysql', 'mariadb'];
const DAY_SECONDS = 86_400;

/** With these nothing is left to tell. */
const GOOD = ['--sync-binlog=1', `--binlog-expire-logs-seconds=${3 * DAY_SECONDS}`];

async function findingsOf(endpoint: MysqlEndpoint, cdc = true): Promise<Finding[]> {
  await using session = await openSession(endpoint);
  const tables = await readCatalog(session, endpoint.database);
  return await runPreflight(session, endpoint.database, tables, { cdc });
}

async function troublesOf(endpoint: MysqlEndpoint, cdc = true): Promise<string[]> {
  return (await findingsOf(endpoint, cdc))
    .filter(({ level }) => level !== 'ok')
    .map(({ level, what }) => `${level}: ${what}`);
}

/** The statements of the remedies, which are to mend it. */
async function mend(source: TestSource, findings: readonly Finding[]): Promise<void> {
  const remedies = findings.map(({ remedy }) => remedy ?? '');
  await source.run(
    ...remedies.flatMap((remedy) => remedy.match(/(?:SET GLOBAL|GRANT) [^;]*/g) ?? []),
  );
}

function grants(flavour: Flavour, database: string): string[] {
  const monitor = flavour === 'mysql' ? 'REPLICATION CLIENT' : 'BINLOG MONITOR';
  return [`SELECT, LOCK TABLES ON \`${database}\`.*`, `REPLICATION SLAVE, ${monitor} ON *.*`];
}

interface WrongSetting {
  readonly name: string;
  readonly value: string;
  readonly told: string;
  readonly only?: Flavour;
}

const KEPT_FOR = (words: string): string =>
  `warning: the binlog is kept for ${words}: where the service stands still for longer, or a ` +
  'snapshot takes longer (estimated: 1 second), tables have to be copied anew';
const NO_NAMES = 'changes come without the names of their columns, and could be taken for others';
const FORGETS =
  'where the machine crashes, the source can forget transactions that the replica has, and tables ' +
  'have to be copied anew';

const WRONG_SETTINGS: readonly WrongSetting[] = [
  ...['MIXED', 'STATEMENT'].map((value) => ({
    name: 'binlog_format',
    value,
    told: `blocker: binlog_format is ${value}: changes come as statements, which CDC can't follow`,
  })),
  ...['MINIMAL', 'NOBLOB'].map((value) => ({
    name: 'binlog_row_image',
    value,
    told: `blocker: binlog_row_image is ${value}: changes come without the columns that they leave alone`,
  })),
  {
    name: 'binlog_row_metadata',
    value: 'MINIMAL',
    told: `blocker: binlog_row_metadata is MINIMAL: ${NO_NAMES}`,
  },
  {
    name: 'binlog_row_metadata',
    value: 'NO_LOG',
    told: `blocker: binlog_row_metadata is NO_LOG: ${NO_NAMES}`,
    only: 'mariadb',
  },
  {
    name: 'binlog_row_value_options',
    value: 'PARTIAL_JSON',
    told:
      'blocker: binlog_row_value_options is PARTIAL_JSON: changes of JSON values come in parts, ' +
      "which CDC can't follow",
    only: 'mysql',
  },
  {
    name: 'server_id',
    value: '0',
    told: 'blocker: server_id is 0: the server gives its binlog to nobody',
    only: 'mysql',
  },
  { name: 'sync_binlog', value: '0', told: `warning: sync_binlog is 0: ${FORGETS}` },
  { name: 'sync_binlog', value: '100', told: `warning: sync_binlog is 100: ${FORGETS}` },
  {
    name: 'binlog_checksum',
    value: 'NONE',
    told: "warning: binlog_checksum is NONE: damage on the way from the source's disk is not noticed",
  },
  {
    name: 'binlog_expire_logs_seconds',
    value: String(DAY_SECONDS),
    told: KEPT_FOR('1 day'),
  },
  { name: 'binlog_expire_logs_seconds', value: '21600', told: KEPT_FOR('6 hours') },
];

const WITHOUT_LOCK: Record<Flavour, string> = {
  mysql:
    'CDC copies tables beside the stream and goes over what was written meanwhile by its GTIDs, ' +
    'which takes a key: tables without one are left out',
  mariadb:
    'CDC copies tables beside the stream, from the position that the server tells of the snapshot',
};

for (const flavour of FLAVOURS) {
  test(`${flavour}: each setting is told when it is wrong, and its remedy mends it`, async (t) => {
    await using server = await openTestServer(flavour, { extraArguments: GOOD, ignoreUrl: true });
    await using source = await TestSource.open(flavour, server);
    await source.run('CREATE TABLE a (id INT PRIMARY KEY)');
    await using account = await TestAccount.open(source, grants(flavour, source.database));
    const { endpoint } = account;
    assert.deepEqual(await troublesOf(endpoint), []);
    const settings = WRONG_SETTINGS.filter(({ only }) => only === undefined || only === flavour);
    for (const { name, value, told } of settings) {
      await t.test(`${name} = ${value}`, async () => {
        await source.run(`SET GLOBAL ${name} = ${/^\d/.test(value) ? value : `'${value}'`}`);
        assert.deepEqual(await troublesOf(endpoint), [told]);
        const [, withoutLevel] = told.split(/^\w+: /);
        assert.deepEqual(await troublesOf(endpoint, false), [`warning: for CDC: ${withoutLevel}`]);
        await mend(source, await findingsOf(endpoint));
        assert.deepEqual(await troublesOf(endpoint), []);
      });
    }

    await t.test('a binlog that is never purged', async () => {
      await source.run('SET GLOBAL binlog_expire_logs_seconds = 0');
      assert.deepEqual(await troublesOf(endpoint), []);
    });

    await t.test('a binlog that is kept for less than twice what a snapshot takes', async () => {
      await source.run(`SET GLOBAL binlog_expire_logs_seconds = ${3 * DAY_SECONDS}`);
      await using session = await openSession(endpoint);
      const tables = await readCatalog(session, endpoint.database);
      // By what was measured, 300,000 rows a second.
      const huge = tables.map((table) => ({ ...table, estimatedRows: 4 * DAY_SECONDS * 300_000 }));
      const findings = await runPreflight(session, endpoint.database, huge, { cdc: true });
      const [told, ...others] = findings.filter(({ level }) => level !== 'ok');
      assert.deepEqual(others, []);
      assert.match(told.what, /^the binlog is kept for 3 days: .*\(estimated: 4 days\)/);
      assert.match(told.remedy ?? '', new RegExp(`= ${8 * DAY_SECONDS};`));
      await mend(source, [told]);
      assert.deepEqual(
        (await runPreflight(session, endpoint.database, huge, { cdc: true })).filter(
          ({ level }) => level !== 'ok',
        ),
        [],
      );
    });

    await t.test('a source that is a replica itself', async () => {
      const setSource =
        flavour === 'mysql'
          ? "CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1'"
          : "CHANGE MASTER TO MASTER_HOST = '127.0.0.1'";
      await source.run(setSource);
      const findings = await findingsOf(endpointOf(source.url));
      const told = findings.filter(({ what }) => what.startsWith('the source is a replica'));
      assert.deepEqual(
        told.map(({ level, what }) => `${level}: ${what}`),
        [
          flavour === 'mysql'
            ? 'ok: the source is a replica, and log_replica_updates is ON'
            : 'blocker: the source is a replica, and log_slave_updates is OFF: what it receives ' +
              'is not in its binlog',
        ],
      );
      await source.run(flavour === 'mysql' ? 'RESET REPLICA ALL' : 'RESET SLAVE ALL');
    });

    await t.test('many wrong settings at once', async () => {
      await source.run(
        ...["binlog_format = 'MIXED'", "binlog_row_image = 'MINIMAL'", 'sync_binlog = 0'].map(
          (assignment) => `SET GLOBAL ${assignment}`,
        ),
      );
      const findings = await findingsOf(endpoint);
      assert.deepEqual(
        findings.filter(({ level }) => level !== 'ok').map(({ what }) => what.split(':')[0]),
        ['binlog_format is MIXED', 'binlog_row_image is MINIMAL', 'sync_binlog is 0'],
      );
      await mend(source, findings);
      assert.deepEqual(await troublesOf(endpoint), []);
    });
  });

  test(`${flavour}: what CDC needs is granted or told, with the statement that grants it`, async () => {
    await using server = await openTestServer(flavour, { extraArguments: GOOD, ignoreUrl: true });
    await using source = await TestSource.open(flavour, server);
    await source.run('CREATE TABLE a (id INT PRIMARY KEY)');
    await using account = await TestAccount.open(source, [`SELECT ON \`${source.database}\`.*`]);
    const findings = await findingsOf(account.endpoint);
    const monitor = flavour === 'mysql' ? 'REPLICATION CLIENT' : 'BINLOG MONITOR';
    assert.deepEqual(await troublesOf(account.endpoint), [
      `warning: LOCK TABLES is missing on \`${source.database}\`.*: a sync works, but with one ` +
        `reader instead of several, and ${WITHOUT_LOCK[flavour]}`,
      `blocker: ${monitor} is missing: a sync works, and records no binlog position; ` +
        "CDC can't start",
      'blocker: REPLICATION SLAVE is missing: the binlog can be read by nobody without it',
    ]);
    await mend(source, findings);
    assert.deepEqual(await troublesOf(account.endpoint), []);
  });

  test(`${flavour}: without a binlog, everything that it would need is told at once`, async () => {
    await using server = await openTestServer(flavour, {
      extraArguments: [
        '--skip-log-bin',
        '--binlog-format=MIXED',
        '--binlog-row-image=MINIMAL',
        '--binlog-row-metadata=MINIMAL',
      ],
      ignoreUrl: true,
    });
    await using source = await TestSource.open(flavour, server);
    await source.run('CREATE TABLE a (id INT PRIMARY KEY)');
    await using account = await TestAccount.open(source, grants(flavour, source.database));
    const troubles = await troublesOf(account.endpoint);
    assert.deepEqual(
      troubles.filter((trouble) => trouble.startsWith('blocker')).map((line) => line.split(':')[1]),
      [
        ' the binlog is off',
        ' binlog_format is MIXED',
        ' binlog_row_image is MINIMAL',
        ' binlog_row_metadata is MINIMAL',
      ],
    );
  });

  test(`${flavour}: a database that the server leaves out of its binlog is a blocker`, async () => {
    await using server = await openTestServer(flavour, {
      extraArguments: [...GOOD, '--binlog-do-db=other', '--binlog-ignore-db=unwanted'],
      ignoreUrl: true,
    });
    await using source = await TestSource.open(flavour, server);
    await source.run('CREATE TABLE a (id INT PRIMARY KEY)');
    await using account = await TestAccount.open(source, grants(flavour, source.database));
    assert.deepEqual(await troublesOf(account.endpoint), [
      `blocker: binlog-do-db leaves the changes of '${source.database}' out of the binlog`,
    ]);
  });

  test(`${flavour}: who may bypass the binlog is told to who may know`, async () => {
    await using source = await TestSource.open(flavour);
    await source.run('CREATE TABLE a (id INT PRIMARY KEY)');
    const privilege = flavour === 'mysql' ? 'SESSION_VARIABLES_ADMIN' : 'BINLOG ADMIN';
    await using powerful = await TestAccount.open(source, [`${privilege} ON *.*`]);
    await using ordinary = await TestAccount.open(source, grants(flavour, source.database));
    const aboutAccounts = async (endpoint: MysqlEndpoint): Promise<string[]> =>
      (await troublesOf(endpoint)).filter((trouble) => trouble.includes('these accounts'));
    assert.deepEqual(await aboutAccounts(ordinary.endpoint), []);
    const [told] = await aboutAccounts(endpointOf(source.url));
    assert.match(told, /^warning: these accounts may leave their changes out of the binlog/);
    assert.ok(told.includes(powerful.account));
    assert.ok(!told.includes(ordinary.account));
    assert.ok(!told.includes('root'));
  });

  test(`${flavour}: CDC of tables without a key is told to be slow`, async () => {
    await using source = await TestSource.open(flavour);
    await source.run('CREATE TABLE a (id INT)');
    const troubles = await troublesOf(endpointOf(source.url));
    assert.ok(
      troubles.includes(
        'warning: tables without a PRIMARY KEY or a UNIQUE index without NULLs are read by one ' +
          'reader from end to end, and CDC finds rows to change by all of their values: a',
      ),
    );
  });
}

test('mysql: without GTIDs and LOCK TABLES there is no beginning for CDC', async () => {
  await using server = await openTestServer('mysql', {
    extraArguments: [...GOOD, '--gtid-mode=OFF', '--enforce-gtid-consistency=OFF'],
    ignoreUrl: true,
  });
  await using source = await TestSource.open('mysql', server);
  await source.run('CREATE TABLE a (id INT PRIMARY KEY)');
  await using account = await TestAccount.open(source, [
    `SELECT ON \`${source.database}\`.*`,
    'REPLICATION SLAVE, REPLICATION CLIENT ON *.*',
  ]);
  const [lock, gtid, ...others] = await troublesOf(account.endpoint);
  assert.match(lock, /^blocker: LOCK TABLES is missing .*; without GTIDs CDC can't start$/);
  assert.match(gtid, /^warning: gtid_mode is OFF: /);
  assert.deepEqual(others, []);
});

test('mysql: open sessions that kept a wrong setting are told', async () => {
  await using server = await openTestServer('mysql', { extraArguments: GOOD, ignoreUrl: true });
  await using source = await TestSource.open('mysql', server);
  await source.run('CREATE TABLE a (id INT PRIMARY KEY)');
  const root = endpointOf(source.url);
  assert.deepEqual(await troublesOf(root), []);
  await source.run("SET SESSION binlog_format = 'STATEMENT', sql_log_bin = 0");
  const [[id]] = await source.texts('SELECT CONNECTION_ID()');
  const [told] = await troublesOf(root);
  assert.match(
    told,
    new RegExp(
      "^warning: these open sessions write to the binlog what CDC can't follow, or nothing: " +
        `${id} of root \\((?=.*binlog_format = STATEMENT)(?=.*sql_log_bin = OFF).*\\)$`,
    ),
  );
  await source.run("SET SESSION binlog_format = 'ROW', sql_log_bin = 1");
  assert.deepEqual(await troublesOf(root), []);
});
