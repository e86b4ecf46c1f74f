import assert from 'node:assert/strict';
import { copyFile } from 'node:fs/promises';
import type { TestContext } from 'node:test';
import type { SyncResult } from '../../../src/model/sync-result.js';
import { assertSameData } from '../../helpers/compare.js';
import { runDucktail } from '../../helpers/ducktail.js';
import { TempFolder } from '../../helpers/temp-folder.js';
import { TestSource } from '../../helpers/test-source.js';
import { DucktailChild } from './ducktail-child.js';
import type { HookPlan, IncrementalPoint } from './hook-plan.js';
import {
  addWideChanges,
  CHANGED_ROWS,
  GONE_ROWS,
  seedWideTables,
  SEEDED_UNTIL,
} from './wide-changes.js';
import { assertWatermarkMatchesData } from './watermark-state.js';
import { singleValue, tableNames } from './replica-state.js';

/** Where a sync kills itself. */
export interface Crash {
  readonly point: IncrementalPoint;
  /** Batches that are committed then, of two. */
  readonly committed: number;
  readonly afterPasses?: number;
}

/** Each crash on a replica of its own: the next sync goes on from just what was committed. */
export async function dieInSync(t: TestContext, crashes: readonly Crash[]): Promise<void> {
  await using source = await TestSource.open('mysql');
  await using folder = await TempFolder.open();
  const env = { MYSQL_URL: source.url, BATCH_SIZE: '16', EXCLUDE_TABLES: 'numbers' };
  await seedWideTables(source);
  const seeded = folder.file('seeded.duckdb');
  const seed = await runDucktail(['sync', '--json'], { ...env, DUCKDB_PATH: seeded });
  assert.equal(seed.exitCode, 0, seed.stderr);
  const seedRows = await singleValue(seeded, 'SELECT count(*) FROM orders');
  await addWideChanges(source);

  for (const [at, { point, committed, afterPasses = 0 }] of crashes.entries()) {
    await t.test(`at ${point}, with ${committed} batches committed`, async () => {
      const duckdbPath = folder.file(`crash-${at}.duckdb`);
      await copyFile(seeded, duckdbPath);
      const crashEnv = { ...env, DUCKDB_PATH: duckdbPath };
      const args = ['sync', '--deletes', '--json'];
      const plan: HookPlan = { point, action: 'kill', table: 'orders', afterPasses };
      await using crashing = DucktailChild.start(args, crashEnv, { plan });
      const crashed = await crashing.ended;
      assert.equal(crashed.signal, 'SIGKILL', crashed.stderr);

      const applied = await assertWatermarkMatchesData(source, duckdbPath);
      const isPart = applied.rows > 0 && applied.rows < CHANGED_ROWS;
      if (committed === 1) assert.ok(isPart, `${applied.rows} rows`);
      else assert.equal(applied.rows, committed === 0 ? 0 : CHANGED_ROWS);
      // Nothing is deleted before its time.
      const unchangedRows = await singleValue(
        duckdbPath,
        `SELECT count(*) FROM orders WHERE changed <= '${SEEDED_UNTIL}'`,
      );
      assert.equal(Number(unchangedRows), Number(seedRows) - applied.updated);

      const again = await runDucktail(args, crashEnv);
      assert.equal(again.exitCode, 0, again.stderr);
      const entry = again.json<SyncResult>().tables.find(({ table }) => table === 'orders');
      assert.equal(entry?.oldWatermark, applied.watermark);
      assert.equal((entry?.inserted ?? 0) + (entry?.updated ?? 0), CHANGED_ROWS - applied.rows);
      assert.equal(entry?.deleted, GONE_ROWS);
      await assertSameData(source, duckdbPath);
      assert.deepEqual(await tableNames(duckdbPath), ['events', 'orders']);
    });
  }
}
