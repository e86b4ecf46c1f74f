import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import test from 'node:test';
import { assertSameData } from '../../helpers/compare.js';
import { TestSource } from '../../helpers/test-source.js';
import { assertNoStack } from './clear-message.js';
import type { DucktailChild } from './ducktail-child.js';
import type { HookPlan } from './hook-plan.js';
import { tableNames } from './replica-state.js';
import { Service } from './service.js';
import { noOtherConnections } from './source-processes.js';
import { addTextTable } from './text-table.js';

const STOP_MS = 5000;

/** With 300 rows to copy. */
export async function openSource(): Promise<TestSource> {
  const source = await TestSource.open('mysql');
  await addTextTable(source, { name: 'texts', rows: 300, bytes: 64 * 1024 });
  return source;
}

/** Expects a clean end in time. */
export async function stops(child: DucktailChild, signal: NodeJS.Signals): Promise<void> {
  const startedAt = performance.now();
  child.signal(signal);
  const run = await child.ended;
  assert.equal(run.exitCode, 0, run.stderr);
  assert.ok(performance.now() - startedAt < STOP_MS, run.stderr);
  assertNoStack(run);
}

/** A service that the signal ends while its first sync is held where the plan says. */
export function stoppedServiceTest(signal: NodeJS.Signals, plan: HookPlan): void {
  test(`${signal} at ${plan.point} of a sync ends a service cleanly`, async () => {
    await using source = await openSource();
    await using service = await Service.start(source.url, {}, { plan });
    await service.child.reached();
    assert.equal((await service.status()).service?.state, 'syncing');
    await stops(service.child, signal);
    assert.equal(existsSync(`${service.duckdbPath}.lock`), false);
    assert.equal(existsSync(`${service.duckdbPath}.sock`), false);
    assert.deepEqual(await tableNames(service.duckdbPath), []);
    await noOtherConnections(source);
    service.restart();
    await service.child.says(/synced: 300 rows/);
    await stops(service.child, signal);
    await assertSameData(source, service.duckdbPath);
  });
}
