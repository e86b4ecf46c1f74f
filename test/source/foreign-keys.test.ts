import assert from 'node:assert/strict';
import test from 'node:test';
import { describeForeignKey } from '../../src/model/foreign-key.js';
import { readCatalog } from '../../src/source/catalog.js';
import { openSession } from '../../src/source/connect.js';
import { logsCascades, readForeignKeys } from '../../src/source/foreign-keys.js';
import { TestSource } from '../helpers/test-source.js';
import { TestAccount } from './test-account.js';

const ACTIONS = ['', 'CASCADE', 'SET NULL', 'RESTRICT', 'NO ACTION'];

for (const flavour of ['mysql', 'mariadb'] as const) {
  test(`${flavour}: foreign keys are read with what they do, by who may only SELECT`, async () => {
    await using other = await TestSource.open(flavour);
    await using source = await TestSource.open(flavour);
    await other.run('CREATE TABLE p (id INT PRIMARY KEY)');
    await source.run(
      `CREATE TABLE p (a INT, b VARCHAR(10), PRIMARY KEY (a, b))
         CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
      `CREATE TABLE c (id INT PRIMARY KEY, x VARCHAR(10), y INT, z INT,
         more INT AS (y + 1) VIRTUAL, kept INT AS (id + 1) STORED, still INT AS (more * 2) VIRTUAL,
         CONSTRAINT c_p FOREIGN KEY (y, x) REFERENCES p (a, b) ON UPDATE CASCADE ON DELETE SET NULL,
         CONSTRAINT \`b "\`\`\` FOREIGN KEY (z) REFERENCES ${other.database}.p (id)
           ON DELETE CASCADE)
         CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
      'CREATE TABLE left_out (id INT PRIMARY KEY, FOREIGN KEY (id) REFERENCES c (id))',
    );
    await using account = await TestAccount.open(source, [`SELECT ON \`${source.database}\`.*`]);
    await using session = await openSession(account.endpoint);
    const tables = await readCatalog(session, source.database);
    const keys = await readForeignKeys(
      session,
      source.database,
      tables.filter(({ name }) => name !== 'left_out'),
    );
    const [toPrimary, toOther] = keys;
    assert.equal(keys.length, 2);
    assert.deepEqual(
      [toOther, toPrimary],
      [
        {
          name: 'b "`',
          childTable: 'c',
          parentDatabase: other.database,
          parentTable: 'p',
          columns: [{ child: 'z', parent: 'id', collation: null }],
          onDelete: 'cascade',
          onUpdate: null,
          derivedColumns: [],
        },
        {
          name: 'c_p',
          childTable: 'c',
          parentDatabase: source.database,
          parentTable: 'p',
          columns: [
            { child: 'y', parent: 'a', collation: null },
            { child: 'x', parent: 'b', collation: 'utf8mb4_bin' },
          ],
          onDelete: 'set-null',
          onUpdate: 'cascade',
          derivedColumns: ['more', 'still'],
        },
      ],
    );
  });

  test(`${flavour}: every action on every event`, async () => {
    await using source = await TestSource.open(flavour);
    await source.run('CREATE TABLE p (id INT PRIMARY KEY)');
    for (const [at, onDelete] of ACTIONS.entries()) {
      for (const [and, onUpdate] of ACTIONS.entries()) {
        const rules = [
          ...(onDelete === '' ? [] : [`ON DELETE ${onDelete}`]),
          ...(onUpdate === '' ? [] : [`ON UPDATE ${onUpdate}`]),
        ].join(' ');
        await source.run(
          `CREATE TABLE c${at}${and} (id INT PRIMARY KEY, p INT,
             CONSTRAINT k${at}${and} FOREIGN KEY (p) REFERENCES p (id) ${rules})`,
        );
      }
    }
    await using account = await TestAccount.open(source, [`SELECT ON \`${source.database}\`.*`]);
    await using session = await openSession(account.endpoint);
    const tables = await readCatalog(session, source.database);
    const keys = await readForeignKeys(session, source.database, tables);
    const kept = (action: string): string[] => (/CASCADE|SET NULL/.test(action) ? [action] : []);
    const expected = ACTIONS.flatMap((onDelete, at) =>
      ACTIONS.map((onUpdate, and) => {
        const actions = [
          ...kept(onDelete).map((action) => `ON DELETE ${action}`),
          ...kept(onUpdate).map((action) => `ON UPDATE ${action}`),
        ];
        return `c${at}${and}.k${at}${and} (${actions.join(', ')})`;
      }),
    );
    assert.deepEqual(keys.map(describeForeignKey), expected);
  });

  test(`${flavour}: whether the server logs cascades`, async () => {
    await using source = await TestSource.open(flavour);
    await using account = await TestAccount.open(source, [`SELECT ON \`${source.database}\`.*`]);
    await using session = await openSession(account.endpoint);
    const [[version]] = await source.texts('SELECT VERSION()');
    const [major, minor] = String(version).split('.').map(Number);
    const isNew = flavour === 'mysql' && (major > 9 || (major === 9 && minor >= 6));
    assert.equal(await logsCascades(session), isNew);
  });
}
