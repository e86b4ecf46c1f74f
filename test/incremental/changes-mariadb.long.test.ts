import { changeTests } from './support/change-tests.js';

changeTests('mariadb');
