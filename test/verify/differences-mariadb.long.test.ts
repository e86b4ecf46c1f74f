import { differenceTests } from './difference-tests.js';

differenceTests('mariadb');
