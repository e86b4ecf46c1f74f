import { transactionMemoryTest } from './support/transaction-memory-test.js';

transactionMemoryTest('mariadb');
