import assert from 'node:assert/strict';
import test from 'node:test';
import type { SyncResult } from '../../src/model/sync-result.js';
import { createTypeTable, fillTypeTable, typeCases } from '../helpers/all-types.js';
import { assertSameData } from '../helpers/compare.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import { DucktailChild } from './support/ducktail-child.js';
import { type HookPlan, REFUSAL } from './support/hook-plan.js';
import { tableNames } from './support/replica-state.js';
import { addTextTable } from './support/text-table.js';

/** A few rows beyond one statement of the fallback. */
const ROWS = 70;

const OPTIONS = [
  { env: {}, types: {} },
  {
    env: { TINYINT1_AS: 'tinyint', TIME_AS: 'interval', TIMESTAMP_AS: 'timestamptz' },
    types: { tinyint1As: 'tinyint', timeAs: 'interval', timestampAs: 'timestamptz' },
  },
] as const;

for (const flavour of ['mysql', 'mariadb'] as const) {
  for (const { env, types } of OPTIONS) {
    const options = Object.values(env).join(', ') || 'default types';
    test(`${flavour}: INSERT brings every value of every type over, ${options}`, async () => {
      await using source = await TestSource.open(flavour);
      await using folder = await TempFolder.open();
      const duckdbPath = folder.file('replica.duckdb');
      await source.addNumbers(ROWS);
      const cases = typeCases(flavour);
      for (const one of cases) {
        await createTypeTable(source, one);
        await fillTypeTable(source, one, ROWS);
      }
      const plan: HookPlan = { point: 'flush', action: 'fail' };
      await using child = DucktailChild.start(
        ['sync', '--json'],
        { MYSQL_URL: source.url, DUCKDB_PATH: duckdbPath, INSERT_BATCH_SIZE: '60', ...env },
        { plan },
      );
      const run = await child.ended;
      assert.equal(run.exitCode, 0, run.stderr);
      await assertSameData(source, duckdbPath, { types });
    });
  }
}

test('a table that the fast way refuses is said to be read again with INSERT, and why', async () => {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  const duckdbPath = folder.file('replica.duckdb');
  await addTextTable(source, { name: 'refused', rows: 20_000, bytes: 64 });
  await addTextTable(source, { name: 'taken', rows: 20_000, bytes: 64 });
  const env = {
    MYSQL_URL: source.url,
    DUCKDB_PATH: duckdbPath,
    WORKER_THREADS: '2',
    BATCH_SIZE: '1000',
    APPENDER_FLUSH_INTERVAL: '3000',
    INSERT_BATCH_SIZE: '700',
  };
  const plan: HookPlan = { point: 'flush', action: 'fail', table: 'refused', afterFlushes: 2 };
  await using child = DucktailChild.start(['sync', '--json'], env, { plan });
  const run = await child.ended;
  assert.equal(run.exitCode, 0, run.stderr);
  assert.deepEqual(
    run.json<SyncResult>().tables.map(({ table, rows, error }) => [table, rows, error]),
    [
      ['refused', 20_000, null],
      ['taken', 20_000, null],
    ],
  );
  const warnings = run.stderr.split('\n').filter((line) => line.includes('with INSERT'));
  assert.match(warnings[0], new RegExp(`refused: .*${REFUSAL}.*; reading it again with INSERT`));
  assert.ok(
    warnings.every((line) => !line.includes('taken')),
    run.stderr,
  );
  await assertSameData(source, duckdbPath);
  assert.deepEqual(await tableNames(duckdbPath), ['refused', 'taken']);
});
