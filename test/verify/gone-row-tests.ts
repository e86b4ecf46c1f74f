import assert from 'node:assert/strict';
import test from 'node:test';
import { parseMysqlUrl } from '../../config/mysql-url.js';
import { goneRows } from '../../src/compare/gone-rows.js';
import { planTable } from '../../src/model/column-plan.js';
import { readCatalog } from '../../src/source/catalog.js';
import { openSession } from '../../src/source/connect.js';
import { Database } from '../../src/target/database.js';
import { qualifiedName } from '../../src/target/ddl.js';
import { assertSameData } from '../helpers/compare.js';
import { runDucktail } from '../helpers/ducktail.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import type { Flavour } from '../servers/test-server.js';
import { createKeyTable, keyTables } from './key-tables.js';

/** Enough for parts that have to be divided again. */
const ROWS = 5_000;

interface Removal {
  readonly reported: number;
  readonly removed: number;
}

/** Deletes as an incremental sync does; returns what was said and what was done, by table. */
async function removeGoneRows(source: TestSource, path: string): Promise<Map<string, Removal>> {
  const { endpoint } = parseMysqlUrl(source.url);
  assert.ok(endpoint);
  await using session = await openSession(endpoint);
  const catalog = await readCatalog(session, source.database);
  await using database = await Database.open({
    path,
    memoryLimit: '128MB',
    threads: 2,
    owner: 'test',
  });
  const removals = new Map<string, Removal>();
  for (const schema of catalog) {
    if (schema.key === null) continue;
    const plan = planTable(schema, {
      tinyint1As: 'boolean',
      timeAs: 'time',
      timestampAs: 'timestamp',
    });
    const table = qualifiedName(database, 'main', schema.name);
    const count = async (): Promise<number> =>
      Number((await database.rows(`SELECT count(*) AS n FROM ${table}`))[0].n);
    const before = await count();
    let reported = 0;
    for await (const { condition, rows } of goneRows({ session, database, plan, table })) {
      await database.run(`DELETE FROM ${table} WHERE ${condition}`);
      reported += rows;
    }
    removals.set(schema.name, { reported, removed: before - (await count()) });
  }
  return removals;
}

/** Rows that are gone from tables of every key, on a server of the flavour. */
export function goneRowTests(flavour: Flavour): void {
  test(`exactly the rows that are gone are found, whatever the key: ${flavour}`, async () => {
    await using source = await TestSource.open(flavour);
    await using folder = await TempFolder.open();
    const path = folder.file('replica.duckdb');
    await source.addNumbers(ROWS);
    const tables = keyTables(flavour);
    for (const table of tables) await createKeyTable(source, table);
    await source.run('DROP TABLE numbers', 'CREATE TABLE emptied AS SELECT * FROM k_int');
    await source.run('ALTER TABLE emptied ADD PRIMARY KEY (id)');
    const env = { MYSQL_URL: source.url, DUCKDB_PATH: path };
    const run = await runDucktail(['sync', '--json'], env);
    assert.equal(run.exitCode, 0, run.stderr);

    for (const [name, { reported }] of await removeGoneRows(source, path)) {
      assert.equal(reported, 0, `${name}: nothing is gone yet`);
    }
    const gone = new Map<string, number>();
    for (const { name } of tables) {
      const condition = `v % 1000 IN (1, 2) OR v BETWEEN 3000 AND 3600`;
      const [[count]] = await source.texts(`SELECT COUNT(*) FROM ${name} WHERE ${condition}`);
      gone.set(name, Number(count));
      await source.run(`DELETE FROM ${name} WHERE ${condition}`);
    }
    gone.set('emptied', ROWS);
    await source.run('DELETE FROM emptied');

    for (const [name, { reported, removed }] of await removeGoneRows(source, path)) {
      assert.equal(removed, gone.get(name), name);
      assert.equal(reported, removed, name);
    }
    await assertSameData(source, path);
  });
}
