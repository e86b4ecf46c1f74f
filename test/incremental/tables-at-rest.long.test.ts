import assert from 'node:assert/strict';
import test from 'node:test';
import { createTypeTable, fillTypeTable, typeCases } from '../helpers/all-types.js';
import type { Flavour } from '../servers/test-server.js';
import { SyncedCopy } from './support/synced-copy.js';
import { withChanged } from './support/table-case.js';

const FLAVOURS: readonly Flavour[] = ['mysql', 'mariadb'];

/** Syncs until what the lookback covers has been compared: from then on nothing is read. */
async function comeToRest(copy: SyncedCopy): Promise<void> {
  await copy.sync();
  await copy.syncAgain();
  await assertAtRest(copy);
}

async function assertAtRest(copy: SyncedCopy): Promise<void> {
  for (const { table, rows } of (await copy.syncAgain()).all()) {
    assert.deepEqual([table, rows], [table, 0]);
  }
}

for (const flavour of FLAVOURS) {
  test(`${flavour}: a table at rest is not read, and every change within its lookback is`, async () => {
    await using copy = await SyncedCopy.open(flavour);
    const { source } = copy;
    await source.run(
      `CREATE TABLE t ${withChanged('id INT PRIMARY KEY, v INT')}`,
      'INSERT INTO t (id, v) VALUES (1, 1), (2, 2), (3, 3)',
      `CREATE TABLE nothing ${withChanged('id INT PRIMARY KEY')}`,
      `CREATE TABLE whenever (id INT PRIMARY KEY, updated_at DATETIME NULL, v INT, KEY (updated_at))`,
      `INSERT INTO whenever VALUES (1, NULL, 1), (2, '2024-01-01', 2), (3, NULL, 3)`,
      'CREATE TABLE counter (id INT AUTO_INCREMENT PRIMARY KEY, v INT)',
      'INSERT INTO counter (v) VALUES (1), (2)',
    );
    await comeToRest(copy);
    const changes = async (
      statement: string,
      table: string,
      expected: readonly number[],
      args: readonly string[] = [],
    ): Promise<void> => {
      await source.run(statement);
      const { inserted, updated, deleted } = (await copy.sync(args)).get(table);
      assert.deepEqual([inserted, updated, deleted], expected, statement);
      await copy.assertSame();
      await comeToRest(copy);
    };
    await changes('UPDATE t SET v = 20, changed = changed WHERE id = 2', 't', [0, 1, 0]);
    await changes('UPDATE t SET v = 2, changed = changed WHERE id = 2', 't', [0, 1, 0]);
    await changes('INSERT INTO t (id, v) VALUES (4, 4)', 't', [1, 0, 0]);
    await changes('UPDATE whenever SET v = 10 WHERE id = 1', 'whenever', [0, 1, 0]);
    await changes('INSERT INTO whenever VALUES (4, NULL, 4)', 'whenever', [1, 0, 0]);
    await changes('UPDATE counter SET v = 20 WHERE id = 2', 'counter', [0, 1, 0]);
    await changes('DELETE FROM t WHERE id = 1', 't', [0, 0, 1], ['--deletes']);
    await changes('INSERT INTO nothing (id) VALUES (1)', 'nothing', [1, 0, 0]);
    // Removed from the replica, and there again as it was.
    await source.run(
      'CREATE TABLE kept AS SELECT * FROM t WHERE id = 4',
      'DELETE FROM t WHERE id = 4',
    );
    await copy.sync(['t', '--deletes']);
    await source.run('INSERT INTO t SELECT * FROM kept', 'DROP TABLE kept');
    assert.equal((await copy.sync(['t'])).get('t').inserted, 1);
    await copy.assertSame();
  });

  test(`${flavour}: values that are lost are recorded also where the replica stays as it is`, async () => {
    await using copy = await SyncedCopy.open(flavour);
    const { source } = copy;
    const columns = 'b TINYINT(1), d DATE, dt DATETIME, ts TIMESTAMP NULL, t TIME';
    const changes: Readonly<Record<string, readonly string[]>> = {
      boolean: ['b = 2', 'b = 3'],
      date: [`d = '0000-00-00'`, `d = '2024-00-00'`, `d = '2024-00-01'`],
      datetime: [`dt = '0000-00-00'`, `dt = '2024-02-00'`],
      instant: [`ts = '0000-00-00'`],
      time: [`t = '25:00:00'`, `t = '26:00:00'`, `t = '-26:00:00'`],
    };
    for (const table of Object.keys(changes)) {
      await source.run(
        `CREATE TABLE ${table} ${withChanged(`id INT PRIMARY KEY, ${columns}`)}`,
        `INSERT INTO ${table} (id, b) VALUES (1, 1), (2, 1)`,
      );
    }
    await comeToRest(copy);
    for (const [table, assignments] of Object.entries(changes)) {
      for (const assignment of assignments) {
        await source.run(`UPDATE ${table} SET ${assignment}, changed = changed WHERE id = 1`);
        const { rows, rejectedValues } = (await copy.sync([table])).get(table);
        assert.deepEqual([rows, rejectedValues], [2, 1], assignment);
        const [[recorded]] = await copy.texts(
          `SELECT source_text FROM _ducktail.rejected_values WHERE table_name = '${table}'`,
        );
        const value = assignment.replace(/^.* = /, '').replaceAll("'", '');
        assert.ok(recorded?.startsWith(value), `${assignment}: ${recorded}`);
      }
    }
    await comeToRest(copy);
  });

  test(`${flavour}: tables of every type come to rest`, async () => {
    await using copy = await SyncedCopy.open(flavour, { EXCLUDE_TABLES: 'numbers' });
    const { source } = copy;
    await source.addNumbers(20);
    for (const one of typeCases(flavour)) {
      const cases = { ...one, values: one.values.filter(({ once = false }) => !once) };
      await createTypeTable(source, cases);
      await source.run(
        `ALTER TABLE \`${one.name}\` ADD changed TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
           ON UPDATE CURRENT_TIMESTAMP(6), ADD KEY (changed)`,
      );
      await fillTypeTable(source, cases, 20);
    }
    await comeToRest(copy);
  });
}
