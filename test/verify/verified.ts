import assert from 'node:assert/strict';
import type { TableVerification, VerifyResult } from '../../src/verify/verify-result.js';
import { runDucktail } from '../helpers/ducktail.js';
import { openDatabase } from '../target/temp-database.js';

export type Environment = Readonly<Record<string, string>>;

/** Runs a sync that has to succeed. */
export async function synced(env: Environment): Promise<void> {
  const run = await runDucktail(['sync', '--json'], env);
  assert.equal(run.exitCode, 0, run.stderr);
}

/** Runs `verify`; its exit code has to be that of its answer. */
export async function verified(env: Environment, ...args: string[]): Promise<VerifyResult> {
  const run = await runDucktail(['verify', '--json', ...args], env);
  const result = run.json<VerifyResult>();
  assert.ok('equal' in result, run.stderr);
  assert.equal(run.exitCode, result.equal ? 0 : 1, run.stderr);
  return result;
}

export function tableOf(result: VerifyResult, name: string): TableVerification {
  const found = result.tables.find(({ table }) => table === name);
  assert.ok(found, name);
  return found;
}

/** Runs SQL on the replica's file behind Ducktail's back. */
export async function corrupt(path: string, ...statements: readonly string[]): Promise<void> {
  await using database = await openDatabase(path);
  await database.transaction(async () => {
    for (const statement of statements) await database.run(statement);
  });
}

/** Everything that a difference was counted as. */
export function counts({ missing, extra, changed, differingRows, repaired }: TableVerification): {
  missing: number;
  extra: number;
  changed: number;
  repaired: number;
} {
  assert.equal(differingRows, missing + extra + changed);
  return { missing, extra, changed, repaired };
}
