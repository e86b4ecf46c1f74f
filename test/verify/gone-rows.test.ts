import { goneRowTests } from './gone-row-tests.js';

goneRowTests('mariadb');
