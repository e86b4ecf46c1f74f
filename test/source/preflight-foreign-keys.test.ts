import assert from 'node:assert/strict';
import test from 'node:test';
import type { Finding } from '../../src/model/finding.js';
import { readCatalog } from '../../src/source/catalog.js';
import { openSession } from '../../src/source/connect.js';
import { foreignKeyFindings } from '../../src/source/preflight-foreign-keys.js';
import { TestSource } from '../helpers/test-source.js';
import { type Flavour, openTestServer } from '../servers/test-server.js';
import { TestAccount } from './test-account.js';

async function findingsOf(source: TestSource, without: readonly string[]): Promise<Finding[]> {
  await using account = await TestAccount.open(source, [`SELECT ON \`${source.database}\`.*`]);
  await using session = await openSession(account.endpoint);
  const tables = await readCatalog(session, source.database);
  const wanted = tables.filter(({ name }) => !without.includes(name));
  return await foreignKeyFindings(session, source.database, wanted);
}

const TABLES = [
  'CREATE TABLE p (id INT PRIMARY KEY, name VARCHAR(10) UNIQUE)',
  `CREATE TABLE harmless (id INT PRIMARY KEY,
     CONSTRAINT harmless_p FOREIGN KEY (id) REFERENCES p (id) ON DELETE RESTRICT)`,
];
const CASCADING = [
  `CREATE TABLE c (id INT PRIMARY KEY,
     CONSTRAINT c_p FOREIGN KEY (id) REFERENCES p (id) ON DELETE CASCADE ON UPDATE CASCADE)`,
  `CREATE TABLE named (id INT PRIMARY KEY, name VARCHAR(10),
     CONSTRAINT named_p FOREIGN KEY (name) REFERENCES p (name) ON UPDATE SET NULL)`,
];

/** Servers that carry out foreign keys within InnoDB. */
const SERVERS: readonly [Flavour, args: string[], remedy: string][] = [
  [
    'mysql',
    ['--innodb-native-foreign-keys=ON'],
    'Set innodb_native_foreign_keys = OFF in the configuration of the server, and restart it.',
  ],
  [
    'mariadb',
    [],
    'Nothing needs to be done; `ducktail verify` compares. MySQL from 9.6 on logs such rows.',
  ],
];

for (const [flavour, extraArguments, remedy] of SERVERS) {
  test(`${flavour}: foreign keys whose doings are not logged are told by name`, async () => {
    await using server = await openTestServer(flavour, {
      extraArguments,
      ignoreUrl: extraArguments.length > 0,
    });
    await using source = await TestSource.open(flavour, server);
    await source.run(...TABLES);
    assert.deepEqual(await findingsOf(source, []), [
      {
        level: 'ok',
        what: 'no foreign key changes rows that the binlog leaves out',
        remedy: null,
      },
    ]);
    await source.run(...CASCADING);
    const keys = 'c.c_p (ON DELETE CASCADE, ON UPDATE CASCADE), named.named_p (ON UPDATE SET NULL)';
    assert.deepEqual(await findingsOf(source, []), [
      {
        level: 'warning',
        what:
          'the binlog leaves out what these foreign keys change, so CDC carries them out on the ' +
          `replica: ${keys}`,
        remedy,
      },
      {
        level: 'warning',
        what:
          'of the collations of these foreign keys CDC knows case, accents and trailing spaces, ' +
          'and may miss rows whose key is written otherwise still: named.named_p (ON UPDATE SET NULL)',
        remedy: 'Compare their tables now and then: ducktail verify --repair',
      },
    ]);
    assert.deepEqual(await findingsOf(source, ['p']), [
      {
        level: 'warning',
        what:
          'the binlog leaves out what these foreign keys change, and their parents are not ' +
          `replicated, so the replica does not notice: ${keys}`,
        remedy:
          'Replicate the parents too where they are in the same database ' +
          `(${source.database}.p), or compare the tables now and then: ducktail verify --repair`,
      },
    ]);
  });

  test(`${flavour}: foreign keys that CDC can only follow so far are told`, async () => {
    await using server = await openTestServer(flavour, {
      extraArguments,
      ignoreUrl: extraArguments.length > 0,
    });
    await using source = await TestSource.open(flavour, server);
    await source.run(
      ...TABLES,
      'CREATE TABLE q (id INT PRIMARY KEY)',
      `CREATE TABLE c (id INT PRIMARY KEY, p INT, g INT AS (p + 1) VIRTUAL,
         CONSTRAINT c_p FOREIGN KEY (p) REFERENCES p (id) ON DELETE CASCADE,
         CONSTRAINT c_q FOREIGN KEY (p) REFERENCES q (id) ON DELETE SET NULL)`,
    );
    const [, ...others] = await findingsOf(source, []);
    assert.deepEqual(
      others.map(({ level, what }) => `${level}: ${what}`),
      [
        'warning: these generated columns change with foreign keys, to values that the binlog ' +
          'leaves out: c.g',
        'warning: these foreign keys do different things to the same columns, and where they meet ' +
          'CDC may take another order than the server: c.c_p (ON DELETE CASCADE), c.c_q (ON ' +
          'DELETE SET NULL)',
      ],
    );
  });

  test(`${flavour}: foreign keys of tables that may not be read don't end the check`, async () => {
    await using server = await openTestServer(flavour, {
      extraArguments,
      ignoreUrl: extraArguments.length > 0,
    });
    await using source = await TestSource.open(flavour, server);
    await source.run(...TABLES, ...CASCADING);
    await using account = await TestAccount.open(source, [
      `SELECT ON \`${source.database}\`.p`,
      `SELECT ON \`${source.database}\`.named`,
      `SELECT (id) ON \`${source.database}\`.c`,
    ]);
    await using session = await openSession(account.endpoint);
    const tables = await readCatalog(session, source.database);
    const [{ level, what }] = await foreignKeyFindings(session, source.database, tables);
    assert.equal(level, 'warning');
    assert.match(what, /: named\.named_p \(ON UPDATE SET NULL\)$/);
  });
}

test('mysql: what foreign keys change is in the binlog, by default since 9.6', async () => {
  await using server = await openTestServer('mysql', {
    extraArguments: ['--loose-innodb-native-foreign-keys=OFF'],
    ignoreUrl: true,
  });
  await using source = await TestSource.open('mysql', server);
  await source.run(...TABLES, ...CASCADING);
  assert.deepEqual(await findingsOf(source, []), [
    { level: 'ok', what: 'the binlog has what foreign keys change', remedy: null },
  ]);
});
