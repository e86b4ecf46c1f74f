import assert from 'node:assert/strict';
import test from 'node:test';
import { assertSameData } from '../helpers/compare.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import type { Flavour } from '../servers/test-server.js';
import { createKeyTable, keyTables } from './key-tables.js';
import { corrupt, counts, synced, tableOf, verified } from './verified.js';

const ROWS = 1_500;

/** Differences of every kind that are found and mended, on a server of the flavour. */
export function differenceTests(flavour: Flavour): void {
  test(`differences are found whatever the key, and mended: ${flavour}`, async () => {
    await using source = await TestSource.open(flavour);
    await using folder = await TempFolder.open();
    const path = folder.file('replica.duckdb');
    const env = { MYSQL_URL: source.url, DUCKDB_PATH: path };
    await source.addNumbers(ROWS);
    const tables = keyTables(flavour);
    for (const table of tables) await createKeyTable(source, table);
    await synced(env);
    assert.equal((await verified(env)).equal, true);

    await corrupt(
      path,
      ...tables.flatMap(({ name }) => [
        `UPDATE ${name} SET v = -5 WHERE v = 700`,
        // Two rows exchange their values.
        `UPDATE ${name} SET v = 1701 - v WHERE v IN (800, 901)`,
        `DELETE FROM ${name} WHERE v = 1000`,
        // A key that the source has not.
        `INSERT INTO ${name} FROM ${name} WHERE v = 1100`,
      ]),
    );
    const found = await verified(env);
    assert.equal(found.equal, false);
    for (const { name } of tables) {
      const table = tableOf(found, name);
      assert.deepEqual(
        counts(table),
        { missing: 1, extra: 1, changed: 3, repaired: 0 },
        JSON.stringify(table),
      );
      assert.ok(table.differingRanges > 0 && table.differingRanges <= table.ranges);
      const changes = table.examples
        .filter(({ kind }) => kind === 'changed')
        .map(({ column, source: here, replica }) => `${String(column)}: ${here} ${replica}`);
      assert.deepEqual(changes.sort(), ['v: 700 -5', 'v: 800 901', 'v: 901 800'], name);
      const [[key]] = await source.texts(
        `SELECT ${keyText(table.examples[0].key?.length ?? 0, name)} FROM ${name} WHERE v = 1000`,
      );
      const missing = table.examples.filter(({ kind }) => kind === 'missing');
      assert.deepEqual(
        missing.map((example) => example.key?.join('/')),
        [key],
        name,
      );
    }

    const repaired = await verified(env, '--repair');
    assert.equal(repaired.equal, true, JSON.stringify(repaired.tables));
    for (const { name } of tables) {
      assert.deepEqual(counts(tableOf(repaired, name)), {
        missing: 1,
        extra: 1,
        changed: 3,
        repaired: 5,
      });
    }
    await assertSameData(source, path);
    assert.equal((await verified(env)).equal, true);
  });

  test(`rows without a key are compared as often as they come: ${flavour}`, async () => {
    await using source = await TestSource.open(flavour);
    await using folder = await TempFolder.open();
    const path = folder.file('replica.duckdb');
    const env = { MYSQL_URL: source.url, DUCKDB_PATH: path, INCLUDE_TABLES: 'keyless' };
    await source.addNumbers(ROWS);
    await source.run(
      'CREATE TABLE keyless (a INT, b VARCHAR(20))',
      `INSERT INTO keyless SELECT n % 50, IF(n % 3 = 0, NULL, CONCAT('b', n % 7)) FROM numbers`,
      `INSERT INTO keyless VALUES (900, ''), (901, NULL), (902, 'a'), (902, 'a'), (902, 'a')`,
    );
    await synced(env);
    assert.equal((await verified(env)).equal, true);
    const cases: readonly (readonly [sql: string, missing: number, extra: number])[] = [
      ['INSERT INTO keyless VALUES (902, $$a$$), (902, $$a$$)', 0, 2],
      ['INSERT INTO keyless VALUES (777, $$x$$), (777, $$x$$)', 0, 2],
      ['DELETE FROM keyless WHERE a = 902', 3, 0],
      [`UPDATE keyless SET a = 1801 - a WHERE a IN (900, 901)`, 2, 2],
      // As many rows, each pair cancelling the other out in an XOR.
      [
        'UPDATE keyless SET a = 903 WHERE rowid IN (SELECT rowid FROM keyless WHERE a = 902 LIMIT 2)',
        2,
        2,
      ],
    ];
    for (const [sql, missing, extra] of cases) {
      await corrupt(path, sql);
      const found = tableOf(await verified(env, '--repair'), 'keyless');
      const expected = { missing, extra, changed: 0, repaired: missing + extra };
      assert.deepEqual(counts(found), expected, sql);
      assert.ok(found.examples.every(({ key, column }) => key === null && column === null));
      await assertSameData(source, path, { tables: ['keyless'] });
    }
  });
}

/** The key of a table of `keyTables` as `verify` prints it, joined by slashes. */
function keyText(columns: number, table: string): string {
  if (columns === 3) return `CONCAT_WS('/', tenant, name, day)`;
  if (/binary/.test(table)) return `CONCAT('0x', LOWER(HEX(id)))`;
  if (/zerofill/.test(table)) return 'CAST(id + 0 AS CHAR)';
  return /datetime|timestamp/.test(table) ? 'CAST(at AS CHAR)' : 'CAST(id AS CHAR)';
}
