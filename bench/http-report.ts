import { formatCount, printHeading } from '../demo/report.js';
import { formatRounds } from './bench-report.js';
import type { ReadersResult, SharedWork } from './http-readers.js';
import type { HttpBenchResult, HttpRound } from './http.js';
import { type Figure, printFigures } from './run-report.js';

const MOST_OVERHEAD_MS = 1;
const ARROW_SHARE = 0.8;
const APPEND_SHARE = 0.9;
const SHARE_BESIDE_READERS = 0.9;

export function reportHttp({ rows, appendedRows, rounds }: HttpBenchResult): void {
  const counts = `${formatCount(rows)} rows, ${formatCount(appendedRows)} appended`;
  printHeading(`HTTP/2 beside in process, ${counts}, ${formatRounds(rounds)}`);
  const share = (part: 'arrowMs' | 'appendMs'): number[] =>
    rounds.map((round: HttpRound) => round[part][0] / round[part][1]);
  printFigures([
    {
      name: 'point query: over a bare statement',
      values: rounds.map(({ pointMs: [bare, , http] }) => http - bare),
      format: (value) => `${value.toFixed(2)} ms`,
      target: '',
      isMet: () => true,
    },
    {
      name: 'point query: over the same read in process',
      values: rounds.map(({ pointMs: [, inProcess, http] }) => http - inProcess),
      format: (value) => `${value.toFixed(2)} ms`,
      target: `< ${MOST_OVERHEAD_MS} ms`,
      isMet: (value) => value < MOST_OVERHEAD_MS,
    },
    {
      name: 'Arrow result: speed',
      values: share('arrowMs'),
      format: (value) => `${value.toFixed(2)} x`,
      target: `≥ ${ARROW_SHARE}`,
      isMet: (value) => value >= ARROW_SHARE,
    },
    {
      name: 'append: speed, to the Appender value by value',
      values: share('appendMs'),
      format: (value) => `${value.toFixed(2)} x`,
      target: `≥ ${APPEND_SHARE}`,
      isMet: (value) => value >= APPEND_SHARE,
    },
  ]);
}

export function reportReaders({ fullSync, catchUp, ...result }: ReadersResult): void {
  printHeading(
    `${formatCount(result.rows)} rows copied, ${formatCount(result.transactions)} one-row ` +
      `transactions applied, beside ${result.readers} readers, ${formatRounds(fullSync)}`,
  );
  const figure = (name: string, works: readonly SharedWork[]): Figure => ({
    name,
    values: works.map(({ aloneSeconds, readSeconds }) => aloneSeconds / readSeconds),
    format: (value) => `${value.toFixed(2)} x`,
    target: `≥ ${SHARE_BESIDE_READERS}`,
    isMet: (value) => value >= SHARE_BESIDE_READERS,
  });
  printFigures([figure('full sync: speed', fullSync), figure('catching up: speed', catchUp)]);
}
