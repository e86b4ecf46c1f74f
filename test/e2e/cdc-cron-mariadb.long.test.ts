import { cronTests } from './support/cron-tests.js';

cronTests('mariadb');
