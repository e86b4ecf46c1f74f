import assert from 'node:assert/strict';
import type { SyncResult } from '../../../src/model/sync-result.js';
import { assertSameData } from '../../helpers/compare.js';
import type { TestSource } from '../../helpers/test-source.js';
import type { DucktailChild } from './ducktail-child.js';
import type { HookPlan } from './hook-plan.js';
import { tableNames } from './replica-state.js';
import { addTextTable } from './text-table.js';

/** With the first rows in a staging table, and readers stopped by a full window behind it. */
export const MID_COPY: HookPlan = { point: 'flush', action: 'hold', afterFlushes: 2 };
const KIB = 1024;

export function settings(
  source: TestSource,
  duckdbPath: string,
  readers: number,
): Record<string, string> {
  return {
    MYSQL_URL: source.url,
    DUCKDB_PATH: duckdbPath,
    WORKER_THREADS: String(readers),
    DUCKDB_THREADS: '2',
    // Small flushes, so that the point in the middle comes early.
    APPENDER_FLUSH_INTERVAL: '16',
    BATCH_SIZE: '16',
  };
}

/** More than the windows of two readers and the buffers of their sockets hold. */
export async function addTwoLargeTables(source: TestSource): Promise<void> {
  await addTextTable(source, { name: 'left_texts', rows: 200, bytes: 256 * KIB });
  await addTextTable(source, { name: 'right_texts', rows: 190, bytes: 256 * KIB });
}

export async function assertFinished(
  child: DucktailChild,
  source: TestSource,
  duckdbPath: string,
): Promise<string> {
  const run = await child.ended;
  assert.equal(run.exitCode, 0, run.stderr);
  const { tables } = run.json<SyncResult>();
  assert.deepEqual(
    tables.map(({ error }) => error),
    tables.map(() => null),
  );
  await assertSameData(source, duckdbPath);
  const left = await tableNames(duckdbPath);
  assert.deepEqual(left, tables.map(({ table }) => table).sort());
  return run.stderr;
}
