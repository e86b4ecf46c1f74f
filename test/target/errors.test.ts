import assert from 'node:assert/strict';
import test from 'node:test';
import { DucktailError, type ErrorCode } from '../../src/common/errors.js';
import { translateTargetError } from '../../src/target/errors.js';

const PATH = '/data/shop.duckdb';

const KNOWN: readonly [said: string, code: ErrorCode, message: string | RegExp][] = [
  [
    'TransactionContext Error: Failed to commit: Could not write file "/data/shop.duckdb.wal": No space left on device',
    'target-full',
    'the disk under /data/shop.duckdb is full',
  ],
  [
    'IO Error: Could not write file "/data/shop.duckdb": Disk quota exceeded',
    'target-full',
    'the disk under /data/shop.duckdb is full',
  ],
  [
    'TransactionContext Error: Failed to commit: Could not write file "/data/shop.duckdb": File too large',
    'target-full',
    '/data/shop.duckdb has reached the largest size it may have',
  ],
  [
    `IO Error: Could not set lock on file "${PATH}": Conflicting lock is held in /usr/bin/duckdb (PID 4711) by user ada. See also https://duckdb.org/docs/stable/connect/concurrency`,
    'target-busy',
    '/data/shop.duckdb is in use by /usr/bin/duckdb (PID 4711) by user ada',
  ],
  [
    'Out of Memory Error: could not allocate block of size 256.0 KiB (244.1 MiB/244.1 MiB used)\n\nPossible solutions:\n* …',
    'target-memory',
    /^DuckDB is out of memory: .*244\.1 MiB used\)$/,
  ],
  [
    'TransactionContext Error: Current transaction is aborted (please ROLLBACK)',
    'target-memory',
    'DuckDB is out of memory: TransactionContext Error: Current transaction is aborted (please ROLLBACK)',
  ],
  [
    'Failed to append: Failed to commit: could not allocate block of size 256.0 KiB (244.0 MiB/244.1 MiB used)',
    'target-memory',
    /^DuckDB is out of memory: Failed to append: /,
  ],
  [
    'FATAL Error: Failed: database has been invalidated because of a previous fatal error. The database must be restarted prior to being used again.\nOriginal error: "Failed to commit: could not allocate block of size 256.0 KiB"',
    'target-failed',
    /^DuckDB at \/data\/shop\.duckdb: FATAL Error: [^\n]*$/,
  ],
  [
    'IO Error: Cannot open file "/data/shop.duckdb": Permission denied',
    'target-failed',
    'DuckDB at /data/shop.duckdb: IO Error: Cannot open file "/data/shop.duckdb": Permission denied',
  ],
  [
    'FATAL Error: Failed: database has been invalidated because of a previous fatal error.\nThe database must be restarted',
    'target-failed',
    /^DuckDB at \/data\/shop\.duckdb: FATAL Error: [^\n]*$/,
  ],
];

for (const [said, code, message] of KNOWN) {
  test(`'${said.slice(0, 60)}…' is ${code}`, () => {
    const cause = new Error(said);
    const error = translateTargetError(cause, PATH);
    assert.ok(error instanceof DucktailError);
    assert.equal(error.code, code);
    if (typeof message === 'string') assert.equal(error.message, message);
    else assert.match(error.message, message);
    assert.notEqual(error.hint, undefined);
    assert.equal(error.cause, cause);
  });
}

test('what is not known stays as it is', () => {
  const mistake = new Error('Binder Error: Referenced column "x" not found');
  assert.equal(translateTargetError(mistake, PATH), mistake);
  const known = new DucktailError('aborted', 'stopped');
  assert.equal(translateTargetError(known, PATH), known);
});
