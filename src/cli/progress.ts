import { MultiBar, type SingleBar } from 'cli-progress';
import { DucktailError } from '../common/errors.js';
import type { Logger } from '../common/logger.js';
import type { SyncReporter } from '../snapshot/reporter.js';
import { formatNumber } from './output.js';

/** Between two lines about a table that is being copied, where there is no terminal. */
const LINE_INTERVAL_MS = 10_000;

export interface ProgressReporter extends SyncReporter, Disposable {}

/** Bars on a terminal, log lines elsewhere; both on stderr. */
export function createProgress(logger: Logger): ProgressReporter {
  const isShown = process.stderr.isTTY && logger.isLevelEnabled('info');
  return isShown ? new BarProgress(logger) : new LogProgress(logger);
}

interface TableProgress {
  estimatedRows: number;
  rows: number;
  startedAt: number;
  loggedAt: number;
}

/** What both kinds have in common: how far each table is. */
abstract class BaseProgress implements ProgressReporter {
  protected readonly tables = new Map<string, TableProgress>();

  constructor(protected readonly logger: Logger) {}

  planned(tables: readonly { table: string; estimatedRows: number }[]): void {
    for (const { table, estimatedRows } of tables) {
      this.tables.set(table, { estimatedRows, rows: 0, startedAt: 0, loggedAt: 0 });
    }
  }

  rowsWritten(table: string, rows: number): void {
    const progress = this.tables.get(table);
    if (progress === undefined) return;
    if (progress.startedAt === 0) {
      progress.startedAt = performance.now();
      progress.loggedAt = progress.startedAt;
    }
    progress.rows += rows;
    this.show(table, progress);
  }

  tableRestarted(table: string, why: string): void {
    const progress = this.tables.get(table);
    if (progress !== undefined) progress.rows = 0;
    this.warning(`${table}: reading it again from its beginning (${why})`);
  }

  abstract tableFinished(table: string, rows: number, seconds: number): void;
  abstract tableFailed(table: string, error: Error): void;
  abstract warning(message: string, hint?: string): void;
  abstract info(message: string): void;
  abstract [Symbol.dispose](): void;
  protected abstract show(table: string, progress: TableProgress): void;
}

class LogProgress extends BaseProgress {
  tableFinished(table: string, rows: number, seconds: number): void {
    const rowsPerSecond = Math.round(rows / Math.max(seconds, 0.001));
    this.logger.info({ table, rows, seconds, rowsPerSecond }, `${table}: copied`);
  }

  tableFailed(table: string, error: Error): void {
    const hint = error instanceof DucktailError ? error.hint : undefined;
    this.logger.error({ table, hint }, `${table}: ${error.message}`);
  }

  warning(message: string, hint?: string): void {
    this.logger.warn({ hint }, message);
  }

  info(message: string): void {
    this.logger.info(message);
  }

  [Symbol.dispose](): void {
    this.logger.flush();
  }

  protected override show(table: string, progress: TableProgress): void {
    const now = performance.now();
    if (now - progress.loggedAt < LINE_INTERVAL_MS) return;
    progress.loggedAt = now;
    const { rows, estimatedRows, startedAt } = progress;
    const rowsPerSecond = Math.round((rows / (now - startedAt)) * 1000);
    this.logger.info({ table, rows, estimatedRows, rowsPerSecond }, `${table}: copying`);
  }
}

const BAR_FORMAT =
  '  {table} {bar} {percentage}%  {rows} rows  {rowsPerSecond} rows/s  ETA {eta_formatted}';
const NAME_WIDTH = 24;

class BarProgress extends BaseProgress {
  private readonly bars = new Map<string, SingleBar>();
  private readonly multiBar = new MultiBar({
    format: BAR_FORMAT,
    stream: process.stderr,
    barsize: 24,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    clearOnComplete: true,
    gracefulExit: false,
    etaBuffer: 30,
  });

  tableFinished(table: string, rows: number, seconds: number): void {
    this.remove(table);
    const speed = formatNumber(rows / Math.max(seconds, 0.001));
    this.line(
      `✓ ${name(table)} ${formatNumber(rows)} rows in ${seconds.toFixed(1)} s (${speed} rows/s)`,
    );
  }

  tableFailed(table: string, error: Error): void {
    this.remove(table);
    const hint = error instanceof DucktailError && error.hint ? `\n    ${error.hint}` : '';
    this.line(`✗ ${name(table)} ${error.message}${hint}`);
  }

  warning(message: string, hint?: string): void {
    this.line(`! ${message}${hint === undefined ? '' : `\n    ${hint}`}`);
  }

  info(message: string): void {
    this.line(`  ${message}`);
  }

  [Symbol.dispose](): void {
    this.multiBar.stop();
  }

  protected override show(table: string, progress: TableProgress): void {
    const { rows, estimatedRows, startedAt } = progress;
    const seconds = (performance.now() - startedAt) / 1000;
    const payload = {
      table: name(table),
      rows: formatNumber(rows),
      rowsPerSecond: seconds > 0 ? formatNumber(rows / seconds) : '–',
    };
    // Estimates are often too low: a bar that is not done never shows more than 99 %.
    const total = Math.max(estimatedRows, Math.ceil(rows * 1.01));
    let bar = this.bars.get(table);
    if (bar === undefined) {
      bar = this.multiBar.create(total, rows, payload);
      this.bars.set(table, bar);
    }
    bar.setTotal(total);
    bar.update(rows, payload);
  }

  private remove(table: string): void {
    const bar = this.bars.get(table);
    if (bar === undefined) return;
    this.multiBar.remove(bar);
    this.bars.delete(table);
    if (this.bars.size === 0) this.multiBar.update();
  }

  /** Above the bars, which are drawn again below. */
  private line(text: string): void {
    if (this.bars.size === 0) {
      process.stderr.write(`${text}\n`);
      return;
    }
    this.multiBar.log(`${text}\n`);
    this.multiBar.update();
  }
}

function name(table: string): string {
  return table.length > NAME_WIDTH
    ? `${table.slice(0, NAME_WIDTH - 1)}…`
    : table.padEnd(NAME_WIDTH);
}
