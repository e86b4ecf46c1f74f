import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import type { VerifyResult } from '../../../src/verify/verify-result.js';
import { runDucktail } from '../../helpers/ducktail.js';
import type { Flavour } from '../../servers/test-server.js';
import { SyncedCopy } from './synced-copy.js';
import { CREATE_TABLES, statementOf, type Step, steps, WORKLOAD_TABLES } from './workload.js';

const RUNS = 3;
const SEED = 20_240_506;

/** Runs the steps on a copy of its own; after every sync that looks for deletes, both are equal. */
async function run(flavour: Flavour, workload: readonly Step[], lookback: number): Promise<void> {
  await using copy = await SyncedCopy.open(flavour, {
    INCREMENTAL_LOOKBACK_SECONDS: String(lookback),
  });
  await copy.source.run(...CREATE_TABLES);
  const syncWithDeletes = async (): Promise<void> => {
    await copy.sync(['--deletes']);
    for (const { name, isKeyText } of WORKLOAD_TABLES) {
      await copy.assertSame({ tables: [name], rejections: isKeyText });
    }
  };
  for (const [at, step] of workload.entries()) {
    if (step.kind === 'statement') await copy.source.run(statementOf(step, at));
    else if (step.deletes) await syncWithDeletes();
    else await copy.sync();
  }
  await syncWithDeletes();
  await copy.syncAgain(['--deletes']);
  const verified = await runDucktail(['verify', '--json'], copy.env);
  assert.equal(verified.exitCode, 0, verified.stdout);
  const { equal, tables } = verified.json<VerifyResult>();
  assert.deepEqual([equal, tables.length], [true, WORKLOAD_TABLES.length]);
}

/** Workloads at random on a server of the flavour. */
export function workloadTests(flavour: Flavour): void {
  test(`any workload with syncs in between comes over from ${flavour}`, async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.constantFrom(0, 60), (workload, lookback) =>
        run(flavour, workload, lookback),
      ),
      { numRuns: RUNS, seed: SEED, endOnFailure: true },
    );
  });
}
