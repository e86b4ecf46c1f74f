import { formatCount, printHeading } from '../demo/report.js';
import { formatRounds } from './bench-report.js';
import { printFigures, printRuns, ratiosToFull } from './run-report.js';
import type { VerifyBenchResult } from './verify.js';

const TARGET_TO_FULL = 3;

export function reportVerify({ rows, rounds }: VerifyBenchResult): void {
  printHeading(`verify, ${formatCount(rows)} equal rows, ${formatRounds(rounds)}`);
  printRuns([
    { name: 'ducktail sync --full', runs: rounds.map(({ full }) => full) },
    { name: 'ducktail verify', runs: rounds.map(({ verify }) => verify) },
  ]);
  const pairs = rounds.map(({ full, verify }) => ({ full, other: verify }));
  printFigures(ratiosToFull('verify', pairs, TARGET_TO_FULL));
}
