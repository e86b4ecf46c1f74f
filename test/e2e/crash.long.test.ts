import { type Crash, crashTest } from './support/crash-test.js';

const CRASHES: readonly Crash[] = [
  {
    what: 'before the first row is written',
    plan: { point: 'flush', action: 'kill' },
    shows: 'old',
    leavesStagingTables: true,
  },
  {
    what: 'in the middle of the copy',
    plan: { point: 'flush', action: 'kill', afterFlushes: 4 },
    shows: 'old',
    leavesStagingTables: true,
  },
];

for (const crash of CRASHES) crashTest(crash);
