import { changingRowTests } from './support/changing-row-tests.js';

changingRowTests('mariadb');
