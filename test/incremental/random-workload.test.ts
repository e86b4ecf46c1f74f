import { workloadTests } from './support/workload-tests.js';

workloadTests('mariadb');
