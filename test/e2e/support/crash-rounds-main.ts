import { runCrashRounds } from './crash-rounds.js';

/**
 * `node dist/test/e2e/support/crash-rounds-main.js [rounds] [seed]`: the crash test for as long as one
 * likes, on both servers; without a seed at instants that it never had.
 */
const [rounds = '50', seed = String(Date.now() % 1_000_000)] = process.argv.slice(2);

for (const flavour of ['mysql', 'mariadb'] as const) {
  process.stderr.write(`${flavour}: ${rounds} rounds with the seed ${seed}\n`);
  const result = await runCrashRounds({
    flavour,
    rounds: Number(rounds),
    seed: Number(seed),
    log: (line) => process.stderr.write(`${line}\n`),
  });
  process.stderr.write(`${flavour}: equal, ${JSON.stringify(result)}\n`);
}
// Its servers end with the process.
process.exit();
