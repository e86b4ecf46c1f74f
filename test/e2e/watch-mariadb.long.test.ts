import { watchTests } from './support/watch-tests.js';

watchTests('mariadb');
