import test from 'node:test';
import { type Crash, dieInSync } from './support/incremental-crash.js';

/** Among those of the long test: amid the changes, and amid the deletes. */
const CRASHES: readonly Crash[] = [
  { point: 'incremental-before-commit', committed: 1, afterPasses: 1 },
  { point: 'deletes-before-commit', committed: 2 },
];

test('SIGKILL amid an incremental sync', (t) => dieInSync(t, CRASHES));
