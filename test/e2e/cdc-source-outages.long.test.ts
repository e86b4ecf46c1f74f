import assert from 'node:assert/strict';
import test from 'node:test';
import type { Flavour } from '../servers/test-server.js';
import { runCrashRounds } from './support/crash-rounds.js';

const FLAVOURS: readonly Flavour[] = ['mysql', 'mariadb'];
/** For more: `node dist/test/e2e/support/crash-rounds-main.js 50 1 source`. */
const ROUNDS = 5;
const SEED = 4;

for (const flavour of FLAVOURS) {
  test(`${flavour}: a source that is killed ${ROUNDS} times and comes back costs time and nothing else`, async () => {
    const options = { flavour, victim: 'source', rounds: ROUNDS, seed: SEED } as const;
    const result = await runCrashRounds(options);
    assert.ok(result.transactions > 20 && result.transfers > 20, JSON.stringify(result));
  });
}
