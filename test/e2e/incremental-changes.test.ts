import assert from 'node:assert/strict';
import test from 'node:test';
import mysql from 'mysql2/promise';
import type { SyncResult } from '../../src/model/sync-result.js';
import { assertSameData } from '../helpers/compare.js';
import { runDucktail } from '../helpers/ducktail.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import { assertFailedClearly, assertNoStack } from './support/clear-message.js';
import { DucktailChild } from './support/ducktail-child.js';
import type { HookPlan, IncrementalPoint } from './support/hook-plan.js';
import { singleValue } from './support/replica-state.js';
import { noOtherConnections } from './support/source-processes.js';
import { passSecond } from './support/server-clock.js';
import { assertWatermarkMatchesData } from './support/watermark-state.js';
import { addWideChanges, GONE_ROWS, seedWideTables } from './support/wide-changes.js';

const FLAVOURS = ['mysql', 'mariadb'] as const;
const CHANGED =
  'changed TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)';

interface Copy extends AsyncDisposable {
  readonly source: TestSource;
  readonly duckdbPath: string;
  readonly env: Record<string, string>;
}

async function openCopy(flavour: 'mysql' | 'mariadb'): Promise<Copy> {
  const source = await TestSource.open(flavour);
  const folder = await TempFolder.open();
  const duckdbPath = folder.file('replica.duckdb');
  return {
    source,
    duckdbPath,
    env: {
      MYSQL_URL: source.url,
      DUCKDB_PATH: duckdbPath,
      BATCH_SIZE: '16',
      EXCLUDE_TABLES: 'numbers',
    },
    [Symbol.asyncDispose]: async () => {
      await folder[Symbol.asyncDispose]();
      await source[Symbol.asyncDispose]();
    },
  };
}

async function syncs({ env }: Copy, ...args: string[]): Promise<SyncResult> {
  const run = await runDucktail(['sync', '--json', ...args], env);
  assert.equal(run.exitCode, 0, run.stderr);
  return run.json<SyncResult>();
}

/** Rows that change while a sync is held at the point, each in a way of its own. */
const POINTS: readonly IncrementalPoint[] = [
  'incremental-apply',
  'incremental-before-commit',
  'incremental-after-commit',
  'deletes',
  'deletes-before-commit',
];

for (const flavour of FLAVOURS) {
  test(`${flavour}: rows that change while a sync is under way come with the next one`, async (t) => {
    await using copy = await openCopy(flavour);
    const { source, env, duckdbPath } = copy;
    await source.addNumbers(200);
    await source.run(
      `CREATE TABLE t (id INT PRIMARY KEY, v INT, ${CHANGED}, KEY (changed))`,
      'INSERT INTO t (id, v) SELECT n * 10, n FROM numbers',
    );
    await syncs(copy);
    for (const [at, point] of POINTS.entries()) {
      await t.test(point, async () => {
        const row = at * 100;
        await source.run(
          `UPDATE t SET v = v + 1000 WHERE id BETWEEN ${row} AND ${row + 50}`,
          `DELETE FROM t WHERE id = ${row + 60}`,
        );
        const plan: HookPlan = { point, action: 'hold' };
        await using child = DucktailChild.start(['sync', '--deletes', '--json'], env, { plan });
        await child.reached();
        await source.run(
          `UPDATE t SET v = v + 1 WHERE id = ${row}`,
          `UPDATE t SET id = id + 1 WHERE id = ${row + 10}`,
          `DELETE FROM t WHERE id = ${row + 20}`,
          `DELETE FROM t WHERE id = ${row + 30}`,
          `INSERT INTO t (id, v) VALUES (${row + 30}, 7), (${row + 5}, 8), (${row + 60}, 9)`,
        );
        child.resume();
        const run = await child.ended;
        assert.equal(run.exitCode, 0, run.stderr);
      });
    }
    await syncs(copy, '--deletes');
    await assertSameData(source, duckdbPath, { tables: ['t'] });
  });
}

test('a writer that never rests', async () => {
  await using copy = await openCopy('mysql');
  const { source, duckdbPath } = copy;
  await source.addNumbers(3000);
  await source.run(
    `CREATE TABLE t (id INT PRIMARY KEY, v INT, ${CHANGED}, KEY (changed))`,
    'INSERT INTO t (id, v) SELECT n, n FROM numbers',
  );
  await syncs(copy);
  const writer = await mysql.createConnection({ uri: source.url });
  let isWriting = true;
  const write = async (): Promise<void> => {
    for (let at = 0; isWriting; at += 1) {
      const id = (at * 7919) % 3000;
      await writer.query('BEGIN');
      await writer.query(`UPDATE t SET v = v + 1 WHERE id BETWEEN ${id} AND ${id + 5}`);
      await writer.query(`DELETE FROM t WHERE id = ${(id + 100) % 3000}`);
      await writer.query(`UPDATE IGNORE t SET id = ${id + 10_000} WHERE id = ${(id + 200) % 3000}`);
      await writer.query(`INSERT IGNORE INTO t (id, v) VALUES (${(id + 50) % 3000}, ${at})`);
      await writer.query('COMMIT');
    }
  };
  const writing = write();
  try {
    for (const args of [['--deletes'], [], ['--deletes']]) await syncs(copy, ...args);
  } finally {
    isWriting = false;
    await writing;
    writer.destroy();
  }
  await syncs(copy, '--deletes');
  await assertSameData(source, duckdbPath, { tables: ['t'] });
  const doubled = 'SELECT count(*) - count(DISTINCT id) FROM t';
  assert.equal(await singleValue(duckdbPath, doubled), '0');
});

test('a second sync beside an incremental one says who holds the replica', async () => {
  await using copy = await openCopy('mysql');
  await seedWideTables(copy.source);
  await syncs(copy);
  await addWideChanges(copy.source);
  const plan: HookPlan = { point: 'incremental-before-commit', action: 'hold' };
  await using child = DucktailChild.start(['sync', '--json'], copy.env, { plan });
  await child.reached();
  assertFailedClearly(await runDucktail(['sync', '--incremental', '--json'], copy.env), {
    exitCode: 1,
    code: 'target-busy',
    message: new RegExp(`is in use by 'ducktail sync' \\(pid ${child.pid}, since `),
    hint: /stop that one, or wait for it/,
  });
  child.resume();
  assert.equal((await child.ended).exitCode, 0);
});

/** Ends the one connection that is in the middle of sending rows. */
async function killReader(source: TestSource): Promise<void> {
  const sending = (await source.texts('SHOW PROCESSLIST')).filter(
    ([, , , database, command]) => database === source.database && command === 'Execute',
  );
  assert.equal(sending.length, 1, JSON.stringify(sending));
  await source.run(`KILL ${sending[0][0]}`);
}

/** More than two batches. */
const LONG_READ_ROWS = 600;
/** More than a batch and what the reader and its socket take in ahead of it. */
const LONGER_READ_ROWS = 1100;

test('SIGTERM stops an incremental sync soon; what was committed stands', async () => {
  await using copy = await openCopy('mysql');
  await seedWideTables(copy.source);
  await syncs(copy);
  await addWideChanges(copy.source, LONG_READ_ROWS);
  const plan: HookPlan = { point: 'incremental-apply', action: 'hold', afterPasses: 1 };
  const args = ['sync', 'orders', '--json'];
  await using child = DucktailChild.start(args, copy.env, { plan });
  await child.reached();
  child.signal('SIGTERM');
  const run = await child.ended;
  assert.equal(run.exitCode, 1, run.stderr);
  assertNoStack(run);
  assert.match(run.stdout, /stopped by SIGTERM/);
  await noOtherConnections(copy.source);
  const applied = await assertWatermarkMatchesData(copy.source, copy.duckdbPath);
  assert.ok(applied.rows > 0 && applied.rows < LONG_READ_ROWS);
  await syncs(copy, '--deletes');
  await assertSameData(copy.source, copy.duckdbPath);
});

test('a connection that is lost in the middle is replaced, and nothing is read for nothing', async () => {
  await using copy = await openCopy('mysql');
  await seedWideTables(copy.source);
  await syncs(copy);
  await addWideChanges(copy.source, LONGER_READ_ROWS);
  const plan: HookPlan = { point: 'incremental-after-commit', action: 'hold', table: 'orders' };
  await using child = DucktailChild.start(['sync', '--deletes', '--json'], copy.env, { plan });
  await child.reached();
  await killReader(copy.source);
  child.resume();
  const run = await child.ended;
  assert.equal(run.exitCode, 0, run.stderr);
  const entry = run.json<SyncResult>().tables.find(({ table }) => table === 'orders');
  assert.equal((entry?.inserted ?? 0) + (entry?.updated ?? 0), LONGER_READ_ROWS);
  assert.equal(entry?.deleted, GONE_ROWS);
  await assertSameData(copy.source, copy.duckdbPath);
});

interface Alteration {
  readonly table: string;
  /** Statements after the sync has made its plan; `@` stands for the table. */
  readonly statements: readonly string[];
}

const ALTERATIONS: readonly Alteration[] = [
  { table: 'gets_a_column', statements: ['ALTER TABLE @ ADD COLUMN added INT DEFAULT 7 AFTER id'] },
  { table: 'loses_a_column', statements: ['ALTER TABLE @ DROP COLUMN w'] },
  {
    table: 'changes_a_type',
    statements: ['ALTER TABLE @ MODIFY v VARCHAR(30)', "UPDATE @ SET v = 'text' WHERE id = 3"],
  },
  { table: 'swaps_columns', statements: ['ALTER TABLE @ CHANGE v w INT, CHANGE w v INT'] },
  {
    table: 'changes_its_key',
    statements: ['ALTER TABLE @ DROP PRIMARY KEY, ADD PRIMARY KEY (id, v)'],
  },
  {
    table: 'is_made_anew',
    statements: [
      'DROP TABLE @',
      `CREATE TABLE @ (id INT PRIMARY KEY, v INT, w INT, ${CHANGED})`,
      "INSERT INTO @ VALUES (1, 77, 77, '2024-01-01 00:00:00')",
    ],
  },
  { table: 'is_truncated', statements: ['TRUNCATE @'] },
  { table: 'is_renamed', statements: ['RENAME TABLE @ TO renamed'] },
];

/** Sorts before all others, and so has its turn first. */
const FIRST = 'a_first';

for (const flavour of FLAVOURS) {
  test(`${flavour}: tables that change between the plan and their turn`, async (t) => {
    await using copy = await openCopy(flavour);
    const { source, env, duckdbPath } = copy;
    const tables = [FIRST, ...ALTERATIONS.map(({ table }) => table)];
    for (const table of tables) {
      await source.run(
        `CREATE TABLE ${table} (id INT PRIMARY KEY, v INT, w INT, ${CHANGED})`,
        `INSERT INTO ${table} VALUES (1, 1, 10, '2024-01-01 00:00:00'), (2, 2, 20, '2024-01-02 00:00:00')`,
      );
    }
    await syncs(copy);
    await passSecond(source);
    for (const table of tables) {
      await source.run(
        `UPDATE ${table} SET v = 50 WHERE id = 2`,
        `INSERT INTO ${table} VALUES (3, 30, 300, NOW(6))`,
      );
    }
    const plan: HookPlan = { point: 'incremental-apply', action: 'hold', table: FIRST };
    await using child = DucktailChild.start(['sync', '--json'], env, { plan });
    await child.reached();
    for (const { table, statements } of ALTERATIONS) {
      await source.run(...statements.map((statement) => statement.replaceAll('@', table)));
    }
    child.resume();
    const run = await child.ended;
    const result = run.json<SyncResult>();

    await t.test('what failed says what happened and what to do', () => {
      assertNoStack(run);
      const failed = result.tables.filter(({ error }) => error !== null);
      assert.equal(run.exitCode, failed.length > 0 ? 1 : 0);
      for (const { table, error } of failed) {
        assert.equal(error?.code, 'table-changed', table);
        assert.match(error.message, new RegExp(table));
        assert.ok(error.hint, `${table}: no hint beside '${error.message}'`);
      }
    });
    await syncs(copy, '--deletes');
    for (const table of [...tables.filter((name) => name !== 'is_renamed'), 'renamed']) {
      await t.test(table, async () => {
        await assertSameData(source, duckdbPath, { tables: [table] });
      });
    }
  });
}
