import { goneRowTests } from './support/gone-row-tests.js';

goneRowTests('mysql');
