import { preparedTransactionTest } from './support/prepared-transaction-test.js';

preparedTransactionTest('mysql');
