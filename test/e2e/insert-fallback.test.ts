import assert from 'node:assert/strict';
import test from 'node:test';
import type { SyncResult } from '../../src/model/sync-result.js';
import { assertSameData } from '../helpers/compare.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { TestSource } from '../helpers/test-source.js';
import { DucktailChild } from './support/ducktail-child.js';
import { type HookPlan, REFUSAL } from './support/hook-plan.js';
import { tableNames } from './support/replica-state.js';
import { addTextTable } from './support/text-table.js';

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
