import { alteredTableTests } from './altered-table-tests.js';

alteredTableTests('mariadb');
