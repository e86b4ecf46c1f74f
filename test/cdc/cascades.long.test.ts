import assert from 'node:assert/strict';
import test from 'node:test';
import { TestSource } from '../helpers/test-source.js';
import { openTestServer } from '../servers/test-server.js';
import { CASCADE_CASES } from './cascade-cases.js';
import { CascadeReplica, replicaRows, sourceRows, sourceStatement } from './cascade-replica.js';

/** MySQL as it was up to 9.5: InnoDB carries out the keys, and nothing of it is in the binlog. */
const NATIVE_KEYS = [
  '--innodb-native-foreign-keys=ON',
  '--loose-restrict-fk-on-non-standard-key=OFF',
];

for (const flavour of ['mariadb', 'mysql'] as const) {
  test(`${flavour}: the replica does what the server does`, async (t) => {
    await using server = await openTestServer(
      flavour,
      flavour === 'mysql' ? { extraArguments: NATIVE_KEYS, ignoreUrl: true } : {},
    );
    for (const each of CASCADE_CASES) {
      await t.test(each.what, async () => {
        await using source = await TestSource.open(flavour, server);
        await source.run(...each.setUp);
        await using replica = await CascadeReplica.copy(source);
        const { database } = replica;
        await source.run(sourceStatement(each));
        const counts = await replica.carryOut(each);
        for (const { name } of replica.tables) {
          assert.deepEqual(await replicaRows(database, name), await sourceRows(source, name), name);
        }
        const said = [...counts].map(([table, { deleted, updated }]) => [
          table,
          [deleted, updated],
        ]);
        assert.deepEqual(Object.fromEntries(said), each.counts);
        const left = await database.rows('SELECT table_name FROM duckdb_tables() WHERE temporary');
        assert.deepEqual(left, []);
      });
    }
  });
}

test('generated columns that change out of sight are named', async () => {
  await using source = await TestSource.open('mariadb');
  await source.run(
    'CREATE TABLE p (id INT PRIMARY KEY)',
    `CREATE TABLE c (id INT PRIMARY KEY, p INT, g INT AS (p + 1) VIRTUAL,
       CONSTRAINT c_p FOREIGN KEY (p) REFERENCES p (id) ON DELETE SET NULL)`,
    'INSERT INTO p VALUES (1), (2), (3)',
    'INSERT INTO c (id, p) VALUES (1, 1), (2, 2)',
  );
  await using replica = await CascadeReplica.copy(source);
  const one = await replica.carryOut({ parent: 'p', where: 'id = 1', set: null });
  assert.deepEqual([...one], [['c', { deleted: 0, updated: 1, staleColumns: new Set(['g']) }]]);
  const none = await replica.carryOut({ parent: 'p', where: 'id = 3', set: null });
  assert.deepEqual([...none], []);
});
