import { changedTableTests } from './support/changed-table-tests.js';

changedTableTests('mysql');
