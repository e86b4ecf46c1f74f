import assert from 'node:assert/strict';
import test from 'node:test';
import type { SyncResult } from '../../../src/model/sync-result.js';
import { assertSameData } from '../../helpers/compare.js';
import type { Flavour } from '../../servers/test-server.js';
import { assertNoStack } from './clear-message.js';
import { DucktailChild } from './ducktail-child.js';
import { CHANGED, openCopy, syncs } from './followed-copy.js';
import type { HookPlan } from './hook-plan.js';
import { passSecond } from './server-clock.js';

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

/** Tables that a server of the flavour alters before an incremental sync comes to them. */
export function alteredTableTests(flavour: Flavour): void {
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
