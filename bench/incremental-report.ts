import { formatCount, printHeading } from '../demo/report.js';
import { formatRounds } from './bench-report.js';
import { changesOf, type IncrementalResult } from './incremental.js';
import { printFigures, printRuns, ratiosToFull } from './run-report.js';

const TARGET_TO_FULL = 20;
const TARGET_CHANGES_PER_SECOND = 100_000;
const TARGET_IDLE_SECONDS = 1;

export function reportIncremental({ rows, rounds, idle }: IncrementalResult): void {
  printHeading(`incremental sync, ${formatCount(rows)} rows, ${formatRounds(rounds)}`);
  const [{ changed, recent }] = rounds;
  const idleTables = `nothing to do, ${idle.tables} tables`;
  printRuns([
    { name: 'ducktail sync --full', runs: rounds.map(({ full }) => full) },
    {
      name: `ducktail sync, ${formatCount(changesOf(changed))} rows changed`,
      runs: rounds.map((round) => round.changed),
    },
    {
      name: `ducktail sync, ${formatCount(changesOf(recent))} recent rows changed`,
      runs: rounds.map((round) => round.recent),
    },
    { name: `ducktail sync, ${idleTables}`, runs: idle.runs },
  ]);
  const pairs = rounds.map(({ full, changed: other }) => ({ full, other }));
  printFigures([
    ...ratiosToFull('incremental', pairs, TARGET_TO_FULL),
    {
      name: 'recent rows/s, by the table alone',
      values: rounds.map((round) => round.recent.changesPerSecond),
      format: formatCount,
      target: `≥ ${formatCount(TARGET_CHANGES_PER_SECOND)}`,
      isMet: (median) => median >= TARGET_CHANGES_PER_SECOND,
    },
    {
      name: `${idleTables}, seconds`,
      values: idle.runs.map(({ wallSeconds }) => wallSeconds),
      format: (value) => value.toFixed(2),
      target: `< ${TARGET_IDLE_SECONDS}`,
      isMet: (median) => median < TARGET_IDLE_SECONDS,
    },
  ]);
}
