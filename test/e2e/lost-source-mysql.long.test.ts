import { killedServerTests } from './support/killed-server-tests.js';

killedServerTests('mysql');
