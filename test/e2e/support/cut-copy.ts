import assert from 'node:assert/strict';
import type { SyncResult } from '../../../src/model/sync-result.js';
import { assertSameData } from '../../helpers/compare.js';
import type { TestSource } from '../../helpers/test-source.js';
import { DucktailChild } from './ducktail-child.js';
import { KIB, settings } from './held-copy.js';
import type { HookPlan } from './hook-plan.js';
import { tableNames } from './replica-state.js';
import { sendingConnections } from './source-processes.js';
import { addTextTable } from './text-table.js';

/** With the first rows in a staging table, and readers stopped by a full window behind it. */
export const MID_COPY: HookPlan = { point: 'flush', action: 'hold', afterFlushes: 2 };

/** Small flushes, so that the point in the middle comes early. */
export function cutSettings(
  source: TestSource,
  duckdbPath: string,
  readers: number,
): Record<string, string> {
  const held = settings(source, duckdbPath, readers);
  return { ...held, APPENDER_FLUSH_INTERVAL: '16', BATCH_SIZE: '16' };
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

/** Kills one of two readers' connections amid a copy, which then goes on in the same snapshot. */
export async function cutOneOfTwo(
  source: TestSource,
  duckdbPath: string,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  await using child = DucktailChild.start(['sync', '--json'], env, { plan: MID_COPY });
  await child.reached();
  const [first] = await sendingConnections(source, 2);
  await source.run(`KILL ${first}`);
  child.resume();
  const said = await assertFinished(child, source, duckdbPath);
  assert.equal(said.match(/reading it again from its beginning/g)?.length, 1, said);
  assert.doesNotMatch(said, /new snapshot/);
}
