import assert from 'node:assert/strict';
import test from 'node:test';
import type { Flavour } from '../servers/test-server.js';
import { runCrashRounds, type Victim } from './support/crash-rounds.js';

const FLAVOURS: readonly Flavour[] = ['mysql', 'mariadb'];
const VICTIMS: readonly Exclude<Victim, 'service'>[] = ['source', 'network'];
/** For more: `node dist/test/e2e/support/crash-rounds-main.js 50 1 source,network`. */
const ROUNDS = 5;
const SEED = 4;

const WHAT = {
  source: `a source that is killed ${ROUNDS} times and comes back`,
  network: 'a network that cuts, stalls and delays',
};

for (const flavour of FLAVOURS) {
  for (const victim of VICTIMS) {
    test(`${flavour}: ${WHAT[victim]} costs time and nothing else`, async () => {
      const result = await runCrashRounds({ flavour, victim, rounds: ROUNDS, seed: SEED });
      assert.ok(result.transactions > 20 && result.transfers > 20, JSON.stringify(result));
    });
  }
}
