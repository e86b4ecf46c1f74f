import { formatCount, formatMegabytes, printHeading, printTable } from '../demo/report.js';
import { formatRounds } from './bench-report.js';
import type { DecodeMeasure, DecodeRange } from './cdc-decode.js';
import type { CatchUpMeasure, CdcResult } from './cdc.js';
import { type Figure, printFigures } from './run-report.js';
import { median } from './statistics.js';

const ONE_ROW_TARGET = 30_000;
const BULK_TARGET = 150_000;
const P50_TARGET_MS = 300;
const P99_TARGET_MS = 1_500;
const RSS_TARGET_BYTES = 500e6;
const SIZE_TARGET = 1.5;

export function reportDecode(ranges: readonly DecodeRange[]): void {
  for (const { title, rows, rounds, targetRatio } of ranges) {
    printHeading(
      `reading and decoding, ${formatCount(rows)} rows of ${title}, ${formatRounds(rounds)}`,
    );
    printTable(
      [
        { title: 'median of the rounds', align: 'left' },
        { title: 'rows/s', align: 'right' },
        { title: 'seconds', align: 'right' },
        { title: 'CPU s', align: 'right' },
        { title: 'peak RSS', align: 'right' },
      ],
      [
        decodeRow(
          'Ducktail’s binlog thread',
          rounds.map(({ ours }) => ours),
        ),
        decodeRow(
          'zongji',
          rounds.map(({ zongji }) => zongji),
        ),
      ],
    );
    printFigures([
      ratio(
        'zongji / ours, CPU',
        targetRatio,
        rounds.map(({ ours, zongji }) => zongji.decodeCpuSeconds / ours.decodeCpuSeconds),
      ),
      ratio(
        'zongji / ours, seconds',
        targetRatio,
        rounds.map(({ ours, zongji }) => zongji.seconds / ours.seconds),
      ),
    ]);
  }
}

export function reportCdc({ rows, oneRow, bulk, steady, size }: CdcResult): void {
  printHeading(`CDC into a replica of ${formatCount(rows)} rows, ${formatRounds(oneRow)}`);
  const { lag } = steady;
  const peaks = [...oneRow, ...bulk, steady].flatMap(({ peakRssBytes }) =>
    peakRssBytes === null ? [] : [peakRssBytes],
  );
  printFigures([
    rate('one-row transactions, changes/s', ONE_ROW_TARGET, oneRow),
    rate('inserts of 1,000 rows, rows/s', BULK_TARGET, bulk),
    {
      name: 'steady changes/s',
      values: [steady.changesPerSecond],
      format: formatCount,
      target: '≥ 5,000 (–2 %)',
      isMet: (value) => value >= 4_900,
    },
    below(
      `lag p50 at ${formatCount(steady.changesPerSecond)} changes/s, ms`,
      P50_TARGET_MS,
      lag.p50Ms,
    ),
    below('lag p99, ms', P99_TARGET_MS, lag.p99Ms),
    ...(peaks.length === 0
      ? []
      : [
          {
            name: 'peak RSS, highest of all',
            values: [Math.max(...peaks)],
            format: formatMegabytes,
            target: `< ${formatMegabytes(RSS_TARGET_BYTES)}`,
            isMet: (value: number) => value < RSS_TARGET_BYTES,
          },
        ]),
    {
      name: `file after ${formatCount(size.changes)} scattered updates / new copy`,
      values: [size.changedBytes / size.freshBytes],
      format: (value) => value.toFixed(2),
      target: `≤ ${SIZE_TARGET}`,
      isMet: (value) => value <= SIZE_TARGET,
    },
  ]);
}

function decodeRow(name: string, measures: readonly DecodeMeasure[]): string[] {
  const medianOf = (value: (measure: DecodeMeasure) => number) => median(measures.map(value));
  return [
    name,
    formatCount(medianOf(({ rows, seconds }) => rows / seconds)),
    medianOf(({ seconds }) => seconds).toFixed(2),
    medianOf(({ decodeCpuSeconds }) => decodeCpuSeconds).toFixed(2),
    formatMegabytes(medianOf(({ peakRssBytes }) => peakRssBytes)),
  ];
}

function ratio(name: string, target: number, values: readonly number[]): Figure {
  return {
    name,
    values,
    format: (value) => value.toFixed(1),
    target: `≥ ${target}`,
    isMet: (value) => value >= target,
  };
}

function rate(name: string, target: number, measures: readonly CatchUpMeasure[]): Figure {
  return {
    name,
    values: measures.map(({ rowsPerSecond }) => rowsPerSecond),
    format: formatCount,
    target: `≥ ${formatCount(target)}`,
    isMet: (value) => value >= target,
  };
}

function below(name: string, target: number, value: number): Figure {
  return {
    name,
    values: [value],
    format: formatCount,
    target: `< ${formatCount(target)}`,
    isMet: (median) => median < target,
  };
}
