import { alteredTableTests } from './support/altered-table-tests.js';

alteredTableTests('mysql');
