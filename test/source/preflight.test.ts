import assert from 'node:assert/strict';
import test from 'node:test';
import { hasCode } from '../../src/common/errors.js';
import type { Finding } from '../../src/model/finding.js';
import type { MysqlEndpoint } from '../../src/model/mysql-endpoint.js';
import { readCatalog } from '../../src/source/catalog.js';
import { openSession } from '../../src/source/connect.js';
import { runPreflight } from '../../src/source/preflight.js';
import { TestSource } from '../helpers/test-source.js';
import { type Flavour, openTestServer } from '../servers/test-server.js';
import { endpointOf, TestAccount } from './test-account.js';

const FLAVOURS: readonly Flavour[] = ['mysql', 'mariadb'];

/** What is said of a sync alone. */
async function findingsOf(endpoint: MysqlEndpoint): Promise<Finding[]> {
  await using session = await openSession(endpoint);
  const tables = await readCatalog(session, endpoint.database);
  const findings = await runPreflight(session, endpoint.database, tables, { cdc: false });
  return findings.filter(({ what }) => !what.startsWith('for CDC: '));
}

type Trouble = Omit<Finding, 'remedy'>;

/** What the findings say that is not ok. */
function troubles(findings: readonly Finding[]): Trouble[] {
  return findings.filter(({ level }) => level !== 'ok').map(({ level, what }) => ({ level, what }));
}

function monitorPrivilege(flavour: Flavour): string {
  return flavour === 'mysql' ? 'REPLICATION CLIENT' : 'BINLOG MONITOR';
}

for (const flavour of FLAVOURS) {
  test(`${flavour}: nothing stands against a sync of good tables with all grants`, async () => {
    await using source = await TestSource.open(flavour);
    await source.run(
      'CREATE TABLE a (id INT PRIMARY KEY)',
      'CREATE TABLE b (id INT NOT NULL UNIQUE)',
      'INSERT INTO a VALUES (1)',
    );
    const { database } = source;
    const on = `ON \`${database}\`.*`;
    await using account = await TestAccount.open(source, [
      `SELECT, LOCK TABLES ${on}`,
      `${monitorPrivilege(flavour)} ON *.*`,
    ]);
    const findings = await findingsOf(account.endpoint);
    assert.deepEqual(
      findings.map(({ level, remedy }) => ({ level, remedy })),
      findings.map(() => ({ level: 'ok', remedy: null })),
    );
    const said = findings.map(({ what }) => what.replace(/[\d.]+(?:-.*)?$|: .*, \d+$/, ''));
    assert.deepEqual(said, [
      `the server is ${flavour === 'mysql' ? 'MySQL' : 'MariaDB'} `,
      `SELECT is granted on \`${database}\`.*`,
      `LOCK TABLES is granted on \`${database}\`.*`,
      'the binlog position can be read',
      ...(flavour === 'mysql' ? ['gtid_mode is ON'] : []),
      'no two table names differ only in case',
      'every table is in the snapshot',
      'every table has a key',
    ]);
  });

  test(`${flavour}: privileges that come with a role count`, async () => {
    await using source = await TestSource.open(flavour);
    await source.run('CREATE TABLE a (id INT PRIMARY KEY)');
    await using account = await TestAccount.open(source, []);
    await account.grantByRole(
      `SELECT, LOCK TABLES ON \`${source.database}\`.*`,
      `${monitorPrivilege(flavour)} ON *.*`,
    );
    assert.deepEqual(troubles(await findingsOf(account.endpoint)), []);
  });

  test(`${flavour}: each missing grant is told, and the remedy mends it`, async () => {
    await using source = await TestSource.open(flavour);
    const { database } = source;
    await source.run('CREATE TABLE a (id INT PRIMARY KEY, b INT)', 'CREATE TABLE c LIKE a');
    const everything = `\`${database}\`.*`;
    const lockMissing: Trouble = {
      level: 'warning',
      what:
        `LOCK TABLES is missing on ${everything}: a sync works, but with one reader instead of ` +
        'several, and the binlog position is not recorded',
    };
    const monitorMissing: Trouble = {
      level: 'warning',
      what: `${monitorPrivilege(flavour)} is missing: a sync works, and records no binlog position`,
    };
    const selectMissing = (what: string): Trouble => ({
      level: 'blocker',
      what: `SELECT is missing ${what}`,
    });
    const cases: readonly [grants: string[], select: Trouble[], hasLock?: true][] = [
      [[`SELECT ON ${everything}`], []],
      [[`SELECT ON ${everything}`, `LOCK TABLES ON ${everything}`], [], true],
      [['SELECT, LOCK TABLES ON *.*'], [], true],
      [
        [`SELECT ON \`${database}\`.a`, `SELECT ON \`${database}\`.c`],
        [
          {
            level: 'warning',
            what: 'SELECT is granted on single tables only: others are not seen',
          },
        ],
      ],
      [
        [
          `SELECT ON \`${database}\`.a`,
          `INSERT ON \`${database}\`.c`,
          `LOCK TABLES ON ${everything}`,
        ],
        [selectMissing('on 1 of 2 tables: c')],
        true,
      ],
      [
        [`SELECT (id) ON \`${database}\`.a`, `SELECT ON \`${database}\`.c`],
        [selectMissing('on 1 of 2 tables: a')],
      ],
      [[`INSERT ON ${everything}`], [selectMissing('on 2 of 2 tables: a, c')]],
      [[`EXECUTE ON ${everything}`], [selectMissing(`on ${everything}: no table can be read`)]],
    ];
    for (const [grants, select, hasLock] of cases) {
      await using account = await TestAccount.open(source, grants);
      const findings = await findingsOf(account.endpoint);
      const aboutGrants = troubles(findings).filter(({ what }) =>
        / (?:missing|granted) /.test(what),
      );
      const found = aboutGrants.filter(({ what }) => !/ is missing: /.test(what));
      assert.deepEqual(found, [...select, ...(hasLock ? [] : [lockMissing])], grants.join());
      assert.deepEqual(
        troubles(findings).filter(({ what }) => what.startsWith(monitorPrivilege(flavour))),
        [monitorMissing],
      );
      await source.run(...findings.flatMap(({ remedy }) => remedy?.match(/GRANT [^;]*/g) ?? []));
      assert.deepEqual(troubles(await findingsOf(account.endpoint)), [], grants.join());
    }
  });

  test(`${flavour}: what the tables are is told`, async () => {
    await using source = await TestSource.open(flavour);
    await source.run(
      'CREATE TABLE isam (id INT PRIMARY KEY) ENGINE = MyISAM',
      'CREATE TABLE quick (id INT PRIMARY KEY) ENGINE = MEMORY',
      'CREATE TABLE keyless (id INT, INDEX (id))',
      'CREATE TABLE half_unique (id INT NULL UNIQUE)',
    );
    const findings = await findingsOf(endpointOf(source.url));
    assert.deepEqual(
      findings.filter(({ level }) => level !== 'ok'),
      [
        {
          level: 'warning',
          what:
            'tables of these storage engines have no snapshots, so their copies can hold half of ' +
            'what is written meanwhile: isam (MyISAM), quick (MEMORY)',
          remedy:
            `ALTER TABLE \`${source.database}\`.\`isam\` ENGINE = InnoDB; and so on, or write ` +
            'nothing to them during a sync.',
        },
        {
          level: 'warning',
          what:
            'tables without a PRIMARY KEY or a UNIQUE index without NULLs are read by one reader ' +
            'from end to end: half_unique, keyless',
          remedy: 'Give the large ones a PRIMARY KEY.',
        },
      ],
    );
  });

  test(`${flavour}: table names that DuckDB takes for one are a blocker`, async (context) => {
    await using source = await TestSource.open(flavour);
    const [[caseRule]] = await source.texts('SELECT @@lower_case_table_names');
    if (caseRule !== '0') {
      context.skip('this server itself takes them for one');
      return;
    }
    const names = ['Orders', 'orders', 'É', 'é'];
    await source.run(...names.map((name) => `CREATE TABLE \`${name}\` (id INT PRIMARY KEY)`));
    const findings = await findingsOf(endpointOf(source.url));
    assert.deepEqual(
      findings.filter(({ level }) => level !== 'ok'),
      [
        {
          level: 'blocker',
          what: "the tables 'Orders' and 'orders' differ only in case, and DuckDB can't tell them apart",
          remedy: 'Leave all but one of them out, such as with EXCLUDE_TABLES=orders.',
        },
      ],
    );
  });

  test(`${flavour}: many names are cut short, and no table is a warning`, async () => {
    await using source = await TestSource.open(flavour);
    assert.deepEqual(troubles(await findingsOf(endpointOf(source.url))), [
      { level: 'warning', what: 'there is no table to copy' },
    ]);
    const names = Array.from({ length: 12 }, (_, index) => `t${String(index).padStart(2, '0')}`);
    await source.run(...names.map((name) => `CREATE TABLE ${name} (id INT)`));
    const [{ what }] = troubles(await findingsOf(endpointOf(source.url)));
    assert.match(what, /: t00, t01, t02, t03, t04, t05, t06, t07, t08, t09 and 2 more$/);
  });

  test(`${flavour}: a database that is not there is a blocker`, async () => {
    await using source = await TestSource.open(flavour);
    await using session = await openSession(endpointOf(source.url));
    const [version, ...others] = await runPreflight(session, 'ducktail_no_such_database', [], {
      cdc: true,
    });
    assert.equal(version.level, 'ok');
    assert.deepEqual(others, [
      {
        level: 'blocker',
        what: "there is no database 'ducktail_no_such_database', or the account may not see it",
        remedy: 'Check the path of MYSQL_URL: mysql://user:password@host:port/database.',
      },
    ]);
  });

  test(`${flavour}: without a binlog there is no position`, async () => {
    await using server = await openTestServer(flavour, {
      extraArguments: ['--skip-log-bin'],
      ignoreUrl: true,
    });
    await using source = await TestSource.open(flavour, server);
    await source.run('CREATE TABLE a (id INT PRIMARY KEY)');
    assert.deepEqual(troubles(await findingsOf(endpointOf(source.url))), [
      { level: 'warning', what: 'the binlog is off: a sync works, and records no binlog position' },
    ]);
  });
}

test('mysql: gtid_mode OFF is told', async () => {
  await using server = await openTestServer('mysql', {
    extraArguments: ['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF'],
    ignoreUrl: true,
  });
  await using source = await TestSource.open('mysql', server);
  await source.run('CREATE TABLE a (id INT PRIMARY KEY)');
  assert.deepEqual(troubles(await findingsOf(endpointOf(source.url))), [
    {
      level: 'warning',
      what:
        'gtid_mode is OFF: the binlog position that a sync records holds on this server only, ' +
        'not on one that takes its place',
    },
  ]);
});

test('a connection that breaks is an error, not a finding', async () => {
  await using source = await TestSource.open('mysql');
  await source.run('CREATE TABLE a (id INT PRIMARY KEY)');
  await using session = await openSession(endpointOf(source.url));
  const tables = await readCatalog(session, source.database);
  await source.run(`KILL ${session.connectionId}`);
  await assert.rejects(runPreflight(session, source.database, tables, { cdc: true }), (error) =>
    hasCode(error, 'source-unavailable'),
  );
});
