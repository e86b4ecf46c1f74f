import { cronTests } from './support/cron-tests.js';

cronTests('mysql');
