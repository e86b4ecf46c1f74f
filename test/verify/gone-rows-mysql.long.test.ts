import { goneRowTests } from './gone-row-tests.js';

goneRowTests('mysql');
