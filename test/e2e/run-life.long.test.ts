import { stoppedServiceTest } from './support/stopped-service-test.js';

// The other two pairs are in the short test.
stoppedServiceTest('SIGINT', { point: 'flush', action: 'hold' });
stoppedServiceTest('SIGTERM', { point: 'before-commit', action: 'hold' });
