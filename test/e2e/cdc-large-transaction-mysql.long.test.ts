import test from 'node:test';
import { applyLargeTransaction } from './support/large-transaction.js';

test('mysql: a transaction of two million changes is applied once and whole, with flat memory', () =>
  applyLargeTransaction('mysql'));
