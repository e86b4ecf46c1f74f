import assert from 'node:assert/strict';
import test from 'node:test';
import type { SyncResult } from '../../src/model/sync-result.js';
import { assertSameData } from '../helpers/compare.js';
import { runDucktail } from '../helpers/ducktail.js';
import type { TestSource } from '../helpers/test-source.js';
import { alteredTableTests } from './support/altered-table-tests.js';
import { changingRowTests } from './support/changing-row-tests.js';
import { assertFailedClearly, assertNoStack } from './support/clear-message.js';
import { DucktailChild } from './support/ducktail-child.js';
import { openCopy, syncs } from './support/followed-copy.js';
import type { HookPlan } from './support/hook-plan.js';
import { noOtherConnections } from './support/source-processes.js';
import { assertWatermarkMatchesData } from './support/watermark-state.js';
import { addWideChanges, GONE_ROWS, seedWideTables } from './support/wide-changes.js';

changingRowTests('mysql');
alteredTableTests('mariadb');

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
