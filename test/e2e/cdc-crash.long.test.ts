import assert from 'node:assert/strict';
import test from 'node:test';
import type { Flavour } from '../servers/test-server.js';
import { runCrashRounds } from './support/crash-rounds.js';

const FLAVOURS: readonly Flavour[] = ['mysql', 'mariadb'];
/** For more, at other instants: `node dist/test/e2e/support/crash-rounds-main.js 100`. */
const ROUNDS = 25;
const SEED = 4;

for (const flavour of FLAVOURS) {
  test(`${flavour}: a service that is killed ${ROUNDS} times loses nothing and does nothing twice`, async () => {
    const options = { flavour, victim: 'service', rounds: ROUNDS, seed: SEED } as const;
    const result = await runCrashRounds(options);
    assert.ok(result.transactions > 100 && result.transfers > 100, JSON.stringify(result));
  });
}
