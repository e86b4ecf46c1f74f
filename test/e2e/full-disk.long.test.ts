import { fullDiskTests } from './support/full-disk-tests.js';

fullDiskTests(122_880);
