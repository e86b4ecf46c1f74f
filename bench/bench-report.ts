import {
  formatCount,
  formatMegabytes,
  printHeading,
  printTable,
  printText,
  type TableColumn,
} from '../demo/report.js';
import type { Measure } from './measures.js';
import { ratiosOf, type TableResult } from './results.js';
import { median, spread, type Spread } from './statistics.js';

const TARGET_TO_DRAIN = 0.45;
const TARGET_TO_CLASSIC = 6;
const TARGET_RSS_BYTES = 500e6;

const measureColumns: readonly TableColumn[] = [
  { title: 'median of the rounds', align: 'left' },
  { title: 'rows', align: 'right' },
  { title: 'rows/s', align: 'right' },
  { title: 'seconds', align: 'right' },
  { title: 'CPU s', align: 'right' },
  { title: 'mysqld CPU s', align: 'right' },
  { title: 'peak RSS', align: 'right' },
  { title: 'loop held ms', align: 'right' },
];

export const ratioColumns: readonly TableColumn[] = [
  { title: '', align: 'left' },
  { title: 'min', align: 'right' },
  { title: 'median', align: 'right' },
  { title: 'max', align: 'right' },
  { title: 'target', align: 'left' },
];

/** The figures of a table; `hasTargets`: it is the one that the targets are set for. */
export function reportTable(result: TableResult, hasTargets: boolean): void {
  const { rounds } = result;
  printHeading(
    `${result.title}, ${formatCount(rounds[0].sync.rows)} rows, ${formatRounds(rounds)}`,
  );
  const classic = rounds.flatMap((round) => (round.classic === null ? [] : [round.classic]));
  printTable(measureColumns, [
    measureRow(
      '(a) raw drain, one connection',
      rounds.map(({ drain }) => drain),
    ),
    measureRow(
      '(b) ducktail sync --full',
      rounds.map(({ sync }) => sync),
    ),
    ...(classic.length === 0 ? [] : [measureRow('(c) classic way', classic)]),
  ]);
  const { syncToDrain, syncToClassic } = ratiosOf(rounds);
  const peakRss = spread(rounds.map(({ sync }) => sync.peakRssBytes));
  const verdict = (isMet: boolean, target: string) =>
    hasTargets ? `${target} ${isMet ? 'met' : 'MISSED'}` : '';
  printTable(ratioColumns, [
    ratioRow('(b) / (a)', syncToDrain, (value) => value.toFixed(2), [
      verdict(syncToDrain.median >= TARGET_TO_DRAIN, `≥ ${TARGET_TO_DRAIN}`),
    ]),
    ...(syncToClassic === null
      ? []
      : [
          ratioRow('(b) / (c)', syncToClassic, (value) => value.toFixed(1), [
            verdict(syncToClassic.median >= TARGET_TO_CLASSIC, `≥ ${TARGET_TO_CLASSIC}`),
          ]),
        ]),
    ratioRow('peak RSS of (b)', peakRss, formatMegabytes, [
      // Memory has to stay below at every time, not at most times.
      verdict(peakRss.max < TARGET_RSS_BYTES, `< ${formatMegabytes(TARGET_RSS_BYTES)}`),
    ]),
  ]);
}

export function reportResultsFile(relativePath: string): void {
  printText(`\nwritten to ${relativePath}`);
}

/** Such as `3 rounds`. */
export function formatRounds({ length }: readonly unknown[]): string {
  return `${length} ${length === 1 ? 'round' : 'rounds'}`;
}

function measureRow(name: string, measures: readonly Measure[]): string[] {
  const medianOf = (value: (measure: Measure) => number) => median(measures.map(value));
  const hasServerCpu = measures.every(({ serverCpuSeconds }) => serverCpuSeconds !== null);
  return [
    name,
    formatCount(measures[0].rows),
    formatCount(medianOf(({ rowsPerSecond }) => rowsPerSecond)),
    medianOf(({ seconds }) => seconds).toFixed(2),
    medianOf(({ cpuSeconds }) => cpuSeconds).toFixed(2),
    hasServerCpu ? medianOf(({ serverCpuSeconds }) => serverCpuSeconds ?? 0).toFixed(2) : 'unknown',
    formatMegabytes(medianOf(({ peakRssBytes }) => peakRssBytes)),
    formatCount(Math.max(...measures.map(({ maxLoopDelayMs }) => maxLoopDelayMs))),
  ];
}

export function ratioRow(
  name: string,
  { min, median: middle, max }: Spread,
  format: (value: number) => string,
  rest: readonly string[],
): string[] {
  return [name, format(min), format(middle), format(max), ...rest];
}
