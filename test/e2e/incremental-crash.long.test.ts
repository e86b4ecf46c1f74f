import test from 'node:test';
import { type Crash, dieInSync } from './support/incremental-crash.js';

const CRASHES: readonly Crash[] = [
  { point: 'incremental-apply', committed: 0 },
  { point: 'incremental-before-commit', committed: 0 },
  { point: 'incremental-after-commit', committed: 1 },
  { point: 'incremental-before-commit', committed: 1, afterPasses: 1 },
  { point: 'incremental-after-commit', committed: 2, afterPasses: 1 },
  { point: 'deletes', committed: 2 },
  { point: 'deletes-before-commit', committed: 2 },
];

test('SIGKILL between every two steps of an incremental sync', (t) => dieInSync(t, CRASHES));
