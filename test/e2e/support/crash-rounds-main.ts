import type { Flavour } from '../../servers/test-server.js';
import { runCrashRounds, type Victim } from './crash-rounds.js';

/**
 * `node dist/test/e2e/support/crash-rounds-main.js [rounds] [seed] [victim,…] [flavour,…]`: the crash
 * tests for as long as one likes; without a seed at instants that they never had. Victims: service,
 * source, network; by default the service, on both servers.
 */
const [
  rounds = '50',
  seed = String(Date.now() % 1_000_000),
  victims = 'service',
  flavours = 'mysql,mariadb',
] = process.argv.slice(2);

for (const flavour of flavours.split(',') as Flavour[]) {
  for (const victim of victims.split(',') as Victim[]) {
    process.stderr.write(`${flavour}, ${victim}: ${rounds} rounds with the seed ${seed}\n`);
    const result = await runCrashRounds({
      flavour,
      victim,
      rounds: Number(rounds),
      seed: Number(seed),
      log: (line) => process.stderr.write(`${line}\n`),
    });
    process.stderr.write(`${flavour}, ${victim}: equal, ${JSON.stringify(result)}\n`);
  }
}
// Its servers end with the process.
process.exit();
