import { timeZoneTests } from './support/time-zone-tests.js';

timeZoneTests('mysql');
