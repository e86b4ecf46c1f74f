import { typeTests } from './support/type-tests.js';

typeTests('mysql');
