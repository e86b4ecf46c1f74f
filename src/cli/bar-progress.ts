import { MultiBar, type SingleBar } from 'cli-progress';
import { DucktailError } from '../common/errors.js';
import type { TableChanges } from '../model/sync-reporter.js';
import { BaseProgress, type TableProgress } from './base-progress.js';
import { formatNumber } from './output.js';

const BAR_FORMAT =
  '  {table} {bar} {percentage}%  {rows} rows  {rowsPerSecond} rows/s  ETA {remaining}';
const NAME_WIDTH = 24;
/** A bar was drawn where the line goes, and is longer. */
const CLEAR_TO_END = '\u001B[K';

/** Progress as a bar per table, on a terminal. */
export class BarProgress extends BaseProgress {
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

  tableFollowed(table: string, changes: TableChanges, seconds: number): void {
    const { inserted, updated, unchanged } = changes;
    this.line(
      `✓ ${name(table)} ${formatNumber(inserted)} inserted, ${formatNumber(updated)} updated, ` +
        `${formatNumber(unchanged)} unchanged in ${seconds.toFixed(1)} s`,
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
    // Estimates are often too low: a bar that is not done never shows more than 99 %.
    const total = Math.max(estimatedRows, Math.ceil(rows * 1.01));
    const payload = {
      table: name(table),
      rows: formatNumber(rows),
      rowsPerSecond: formatNumber(rows / seconds),
      remaining: formatSeconds(((total - rows) / rows) * seconds),
    };
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
      process.stderr.write(`${text}${CLEAR_TO_END}\n`);
      return;
    }
    this.multiBar.log(`${text}${CLEAR_TO_END}\n`);
    this.multiBar.update();
  }
}

function name(table: string): string {
  return table.length > NAME_WIDTH
    ? `${table.slice(0, NAME_WIDTH - 1)}…`
    : table.padEnd(NAME_WIDTH);
}

function formatSeconds(seconds: number): string {
  const whole = Math.ceil(seconds);
  const minutes = Math.floor(whole / 60);
  return minutes === 0 ? `${whole} s` : `${minutes} min ${whole % 60} s`;
}
