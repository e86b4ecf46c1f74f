import { nameTests } from './name-tests.js';

nameTests('mysql');
