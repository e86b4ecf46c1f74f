import test from 'node:test';
import { applyLargeTransaction } from './support/large-transaction.js';

test('mysql: a transaction of two million changes is applied once and whole, with flat memory', async (t) => {
  const peakBytes = await applyLargeTransaction('mysql');
  t.diagnostic(`${String(peakBytes)} bytes resident`);
});
