import assert from 'node:assert/strict';
import type { DucktailRun } from '../../helpers/ducktail.js';

/** The document on stdout of a command that failed as a whole, with `--json`. */
export interface ErrorDocument {
  readonly error: { readonly code: string; readonly message: string; readonly hint: string | null };
}

export interface ExpectedError {
  readonly exitCode: 1 | 2;
  readonly code: string;
  /** What happened and where. */
  readonly message: RegExp;
  /** What to do; null where nothing is to be done. */
  readonly hint: RegExp | null;
}

const STACK_LINE = /^\s+at .*[(:]/m;

/**
 * Fails unless the run, with `--json`, ended as expected: one line with what and where and one with
 * what to do on stderr, the same as one document on stdout, no stack, and none of the secrets.
 */
export function assertFailedClearly(
  run: DucktailRun,
  expected: ExpectedError,
  secrets: readonly string[] = [],
): void {
  assert.equal(run.exitCode, expected.exitCode, run.stderr);
  const { error } = run.json<ErrorDocument>();
  assert.ok(error, `no error as a whole: ${run.stdout}`);
  assert.equal(error.code, expected.code, run.stdout);
  assert.match(error.message, expected.message);
  if (expected.hint === null) assert.equal(error.hint, null);
  else assert.match(error.hint ?? '', expected.hint);
  const spoken = run.stderr.split('\n').filter((line) => !line.startsWith('{'));
  const hint = error.hint === null ? [] : [`  ${error.hint}`];
  assert.deepEqual(spoken, [`ducktail: ${error.message}`, ...hint, '']);
  assertNoStack(run);
  assertNoSecrets(run, secrets);
}

export function assertNoStack(run: DucktailRun): void {
  assert.doesNotMatch(run.stderr, STACK_LINE);
  assert.doesNotMatch(run.stdout, STACK_LINE);
}

export function assertNoSecrets(run: DucktailRun, secrets: readonly string[]): void {
  for (const secret of secrets) {
    assert.ok(!run.stderr.includes(secret), run.stderr);
    assert.ok(!run.stdout.includes(secret), run.stdout);
  }
}
