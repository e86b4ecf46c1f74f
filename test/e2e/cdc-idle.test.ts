import { idleServiceTests } from './support/idle-service-tests.js';

idleServiceTests('mysql');
