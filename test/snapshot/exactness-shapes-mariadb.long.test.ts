import { shapeTests } from './shape-tests.js';

shapeTests('mariadb');
