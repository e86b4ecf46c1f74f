import assert from 'node:assert/strict';
import { chmod, stat } from 'node:fs/promises';
import test from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { type DucktailRun, runDucktail } from '../helpers/ducktail.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import { assertFailedClearly } from './support/clear-message.js';

/** What a user makes in a replica beside the source's tables, in schemas of his own and in main. */
const OWN = [
  'CREATE SCHEMA mine',
  'CREATE SCHEMA "an ""odd"" one"',
  'CREATE SEQUENCE mine.numbers START 5',
  `CREATE TYPE mine.mood AS ENUM ('glad', 'sad')`,
  `CREATE TABLE mine.z_parent (id INT DEFAULT nextval('mine.numbers') PRIMARY KEY, mood mine.mood,
     twice INT GENERATED ALWAYS AS (id * 2), name VARCHAR DEFAULT 'none' NOT NULL, CHECK (id > 0))`,
  `INSERT INTO mine.z_parent (mood, name) VALUES ('glad', 'a'), ('sad', 'b')`,
  // Before its parent, by its name.
  'CREATE TABLE mine.a_child (parent INT REFERENCES mine.z_parent(id), since TIMESTAMP DEFAULT now())',
  'INSERT INTO mine.a_child (parent) VALUES (5), (6), (6)',
  'CREATE TABLE "an ""odd"" one"."t ü" ("c ""1""" STRUCT(a INT[], b MAP(VARCHAR, INT)))',
  `INSERT INTO "an ""odd"" one"."t ü" VALUES ({a: [1, NULL], b: MAP {'x': 1}})`,
  'CREATE INDEX by_name ON mine.z_parent (name)',
  'CREATE VIEW zz AS SELECT id, v FROM items WHERE id > 1',
  'CREATE VIEW aa AS SELECT count(*) AS n FROM zz',
  'CREATE VIEW mine.in_full AS SELECT * FROM replica.main.items',
  'CREATE MACRO twice(x) AS x * 2',
  'CREATE MACRO above(x) AS TABLE SELECT * FROM items WHERE id > x',
  'CREATE VIEW by_macro AS SELECT twice(id) AS t FROM above(1)',
  // A view of what is gone is still there.
  'CREATE TABLE gone (i INT)',
  'CREATE VIEW of_gone AS FROM gone',
  'DROP TABLE gone',
  `COMMENT ON TABLE mine.z_parent IS 'of mine'`,
  `COMMENT ON COLUMN mine.z_parent.name IS 'its name'`,
  `COMMENT ON VIEW aa IS 'how many'`,
];

/** Of what is defined, and what it gives. */
const SEEN = [
  `SELECT schema_name, table_name, sql, comment FROM duckdb_tables() ORDER BY ALL`,
  `SELECT schema_name, table_name, column_name, comment FROM duckdb_columns() WHERE NOT internal ORDER BY ALL`,
  `SELECT schema_name, view_name, sql, comment FROM duckdb_views() WHERE NOT internal ORDER BY ALL`,
  `SELECT schema_name, function_name, macro_definition FROM duckdb_functions() WHERE NOT internal ORDER BY ALL`,
  `SELECT schema_name, index_name, sql FROM duckdb_indexes() ORDER BY ALL`,
  `SELECT schema_name, type_name, labels FROM duckdb_types() WHERE NOT internal ORDER BY ALL`,
  `SELECT schema_name, table_name, constraint_text FROM duckdb_constraints() ORDER BY ALL`,
  'FROM mine.z_parent',
  'FROM mine.a_child',
  'FROM "an ""odd"" one"."t ü"',
  'FROM aa',
  'FROM mine.in_full',
  'FROM by_macro',
];

async function inFile<T>(
  path: string,
  work: (run: (sql: string) => Promise<unknown[]>) => Promise<T>,
): Promise<T> {
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  try {
    return await work(async (sql) => (await connection.runAndReadAll(sql)).getRowsJson());
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

function seenIn(path: string): Promise<unknown[]> {
  return inFile(path, async (run) => {
    const seen: unknown[] = [];
    for (const sql of SEEN) seen.push(await run(sql));
    return seen;
  });
}

async function done(args: readonly string[], duckdbPath: string): Promise<DucktailRun> {
  const run = await runDucktail([...args, '--json'], { DUCKDB_PATH: duckdbPath });
  assert.equal(run.exitCode, 0, run.stderr);
  return run;
}

test("a user's own tables, views, macros, indexes and sequences outlive compaction, backup and restore", async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  await source.run(
    'CREATE TABLE items (id INT PRIMARY KEY, v VARCHAR(9))',
    `INSERT INTO items VALUES (1, 'a'), (2, 'b'), (3, 'c')`,
  );
  const duckdbPath = folder.file('replica.duckdb');
  const env = { MYSQL_URL: source.url, DUCKDB_PATH: duckdbPath };
  assert.equal((await runDucktail(['sync'], env)).exitCode, 0);
  await inFile(duckdbPath, async (run) => {
    for (const sql of OWN) await run(sql);
  });
  const before = await seenIn(duckdbPath);
  const { ino } = await stat(duckdbPath);
  await chmod(duckdbPath, 0o640);
  await done(['compact'], duckdbPath);
  const compacted = await stat(duckdbPath);
  assert.notEqual(compacted.ino, ino);
  // Who may read it is as it was.
  assert.equal(compacted.mode & 0o777, 0o640);
  assert.deepEqual(await seenIn(duckdbPath), before);
  await done(['backup', folder.file('backups')], duckdbPath);
  // In a folder of its own, as views name the file's own name.
  await using other = await TempFolder.open();
  const restored = other.file('replica.duckdb');
  await done(['restore', folder.file('backups')], restored);
  assert.deepEqual(await seenIn(restored), before);
  for (const path of [duckdbPath, restored]) {
    await inFile(path, async (run) => {
      assert.deepEqual(await run(`INSERT INTO mine.z_parent (mood) VALUES ('sad') RETURNING id`), [
        [7],
      ]);
      await assert.rejects(run('INSERT INTO mine.a_child (parent) VALUES (99)'), /foreign key/);
    });
  }

  // What DuckDB can't copy is refused, and stays.
  await inFile(duckdbPath, async (run) => {
    await run('CREATE TABLE mine.tree (id INT PRIMARY KEY, up INT REFERENCES mine.tree(id))');
    await run('INSERT INTO mine.tree VALUES (1, NULL)');
    await run('INSERT INTO mine.tree VALUES (2, 1)');
  });
  const refused = await runDucktail(['compact', '--json'], { DUCKDB_PATH: duckdbPath });
  assertFailedClearly(refused, {
    exitCode: 1,
    code: 'target-failed',
    message: /^the rows of mine\.tree refer to each other by a foreign key/,
    hint: /untouched/,
  });
  assert.deepEqual(await inFile(duckdbPath, (run) => run('FROM mine.tree')), [
    [1, null],
    [2, 1],
  ]);
});
