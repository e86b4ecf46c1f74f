import { fileURLToPath } from 'node:url';
import { formatCount, formatSeconds } from '../demo/report.js';
import { databaseOf, dropTable, loadTable } from './bench-source.js';
import { type BenchTable, mainTable } from './bench-table.js';
import { type BinlogPlace, BULK_ROWS, CdcSource } from './cdc-source.js';
import { compiledFile } from './compiled-file.js';
import type { DrainedRows } from './drained-rows.js';
import { measureRun } from './measured-run.js';
import type { Bench } from './measures.js';

/** One reading of a range. */
export interface DecodeMeasure extends DrainedRows {
  readonly peakRssBytes: number;
}

export interface DecodeRound {
  readonly ours: DecodeMeasure;
  readonly zongji: DecodeMeasure;
}

export interface DecodeRange {
  readonly title: string;
  readonly rows: number;
  readonly targetRatio: number;
  readonly rounds: readonly DecodeRound[];
}

export interface DecodeOptions {
  /** One-row transactions. */
  readonly transactions: number;
  readonly rounds: number;
  readonly log: (line: string) => void;
}

interface Range {
  readonly title: string;
  readonly rows: number;
  readonly targetRatio: number;
  readonly from: BinlogPlace;
  readonly to: BinlogPlace;
}

const SEED_ROWS = 20_000;
const BULK_SHARE = 2.5;
const ONE_ROW_TARGET = 5;
const BULK_TARGET = 4;

/**
 * Reading and decoding alone, ours and zongji's in turn, over the same ranges of the binlog. Each is
 * read when nothing is written behind it yet: batches end where they are full.
 */
export async function measureDecode(bench: Bench, options: DecodeOptions): Promise<DecodeRange[]> {
  const { transactions, log } = options;
  const table: BenchTable = { ...mainTable(SEED_ROWS), name: 'decode' };
  await loadTable(bench.serverUrl, table);
  const url = `${bench.serverUrl}/${databaseOf(table)}`;
  await using source = await CdcSource.open(url);
  await source.prepare();
  const bulkRows = Math.ceil((transactions * BULK_SHARE) / BULK_ROWS) * BULK_ROWS;
  log(`cdc-decode: writing ${formatCount(transactions)} transactions`);
  const oneRow = await writeRange(source, 'one-row transactions', ONE_ROW_TARGET, () =>
    source.changeRows(transactions),
  );
  const results = [await measureRange(bench, url, oneRow, options)];
  log(`cdc-decode: inserting ${formatCount(bulkRows)} rows`);
  const bulk = await writeRange(source, 'inserts of 1,000 rows', BULK_TARGET, () =>
    source.insertBulk(bulkRows),
  );
  results.push(await measureRange(bench, url, bulk, options));
  await dropTable(bench.serverUrl, table);
  return results;
}

async function writeRange(
  source: CdcSource,
  title: string,
  targetRatio: number,
  write: () => Promise<number>,
): Promise<Range> {
  const from = await source.binlogEnd();
  const rows = await write();
  const to = await source.binlogEnd();
  if (from.file !== to.file) throw new Error('the binlog was rotated within a range');
  return { title, rows, targetRatio, from, to };
}

async function measureRange(
  bench: Bench,
  url: string,
  range: Range,
  { rounds: count, log }: DecodeOptions,
): Promise<DecodeRange> {
  const { title, rows, targetRatio } = range;
  const rounds: DecodeRound[] = [];
  for (let number = 1; number <= count; number += 1) {
    const ours = await drain(bench, 'binlog-drain', url, range);
    const zongji = await drain(bench, 'zongji-drain', bench.serverUrl, range);
    rounds.push({ ours, zongji });
    log(
      `cdc-decode, ${title}, round ${number} of ${count}: ours ` +
        `${formatSeconds(ours.decodeCpuSeconds)} of CPU, zongji ` +
        formatSeconds(zongji.decodeCpuSeconds),
    );
  }
  return { title, rows, targetRatio, rounds };
}

async function drain(
  { workspace, serverCpu }: Bench,
  script: 'binlog-drain' | 'zongji-drain',
  url: string,
  { from, to, rows, title }: Range,
): Promise<DecodeMeasure> {
  const run = await measureRun(
    workspace,
    serverCpu,
    fileURLToPath(compiledFile(script)),
    [url, JSON.stringify(from), JSON.stringify(to)],
    process.env,
  );
  const drained = JSON.parse(run.stdout) as DrainedRows;
  if (drained.rows !== rows) {
    throw new Error(`${script} read ${drained.rows} instead of ${rows} rows (${title})`);
  }
  return { ...drained, peakRssBytes: run.peakRssBytes };
}
