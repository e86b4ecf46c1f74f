import { type Crash, crashTest } from './support/crash-test.js';

/** Where it is hardest; the long test has the others. */
const CRASHES: readonly Crash[] = [
  {
    what: 'in the middle of the cutover',
    plan: { point: 'before-commit', action: 'kill' },
    shows: 'old',
    leavesStagingTables: true,
  },
  {
    what: 'between COMMIT and CHECKPOINT',
    plan: { point: 'after-commit', action: 'kill' },
    shows: 'new',
    leavesStagingTables: false,
  },
];

for (const crash of CRASHES) crashTest(crash);
