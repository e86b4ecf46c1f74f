import { typeTests } from './type-tests.js';

typeTests('mariadb');
