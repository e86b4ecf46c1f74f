import { stoppedSyncTest } from './support/stopped-sync-test.js';

// The other two pairs are in the short test.
stoppedSyncTest('SIGTERM', { point: 'flush', action: 'hold', afterFlushes: 2 });
stoppedSyncTest('SIGINT', { point: 'before-commit', action: 'hold' });
