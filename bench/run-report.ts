import { formatMegabytes, printTable, type TableColumn } from '../demo/report.js';
import { ratioColumns, ratioRow } from './bench-report.js';
import type { RunMeasure } from './ducktail-run.js';
import { median, spread } from './statistics.js';

const runColumns: readonly TableColumn[] = [
  { title: 'median of the rounds', align: 'left' },
  { title: 'seconds', align: 'right' },
  { title: 'own seconds', align: 'right' },
  { title: 'CPU s', align: 'right' },
  { title: 'mysqld CPU s', align: 'right' },
  { title: 'peak RSS', align: 'right' },
];

/** A figure of each round, and what it should be. */
export interface Figure {
  readonly name: string;
  readonly values: readonly number[];
  readonly format: (value: number) => string;
  /** Empty: there is none. */
  readonly target: string;
  readonly isMet: (median: number) => boolean;
}

/** `seconds` are those of the process, `own seconds` what the command says. */
export function printRuns(
  rows: readonly { readonly name: string; readonly runs: readonly RunMeasure[] }[],
): void {
  printTable(
    runColumns,
    rows.map(({ name, runs }) => runRow(name, runs)),
  );
}

export function printFigures(figures: readonly Figure[]): void {
  printTable(
    ratioColumns,
    figures.map(({ name, values, format, target, isMet }) => {
      const range = spread(values);
      const verdict = isMet(range.median) ? 'met' : 'MISSED';
      return ratioRow(name, range, format, [target === '' ? '' : `${target} ${verdict}`]);
    }),
  );
}

/** How much less time `other` takes than a full sync, each within one round. */
export function ratiosToFull(
  name: string,
  rounds: readonly { readonly full: RunMeasure; readonly other: RunMeasure }[],
  target: number,
): Figure[] {
  const figure = (what: string, seconds: (run: RunMeasure) => number): Figure => ({
    name: `full / ${name}, ${what}`,
    values: rounds.map(({ full, other }) => seconds(full) / seconds(other)),
    format: (value) => value.toFixed(1),
    target: `≥ ${target}`,
    isMet: (median) => median >= target,
  });
  return [
    figure('seconds', ({ wallSeconds }) => wallSeconds),
    figure('own seconds', ({ ownSeconds }) => ownSeconds),
  ];
}

function runRow(name: string, runs: readonly RunMeasure[]): string[] {
  const medianOf = (value: (run: RunMeasure) => number) => median(runs.map(value));
  const hasServerCpu = runs.every(({ serverCpuSeconds }) => serverCpuSeconds !== null);
  return [
    name,
    medianOf(({ wallSeconds }) => wallSeconds).toFixed(2),
    medianOf(({ ownSeconds }) => ownSeconds).toFixed(2),
    medianOf(({ cpuSeconds }) => cpuSeconds).toFixed(2),
    hasServerCpu ? medianOf(({ serverCpuSeconds }) => serverCpuSeconds ?? 0).toFixed(2) : 'unknown',
    formatMegabytes(medianOf(({ peakRssBytes }) => peakRssBytes)),
  ];
}
