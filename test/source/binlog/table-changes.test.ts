import { tableChangeTests } from './table-change-tests.js';

tableChangeTests('mysql');
