import { DucktailError } from '../common/errors.js';
import type { TableChanges } from '../model/sync-reporter.js';
import { BaseProgress, type TableProgress } from './base-progress.js';

/** Between two lines about a table that is being copied. */
const LINE_INTERVAL_MS = 10_000;

/** Progress as log lines, where there is no terminal. */
export class LogProgress extends BaseProgress {
  tableFinished(table: string, rows: number, seconds: number): void {
    const rowsPerSecond = Math.round(rows / Math.max(seconds, 0.001));
    const rounded = Math.round(seconds * 1000) / 1000;
    this.logger.info({ table, rows, seconds: rounded, rowsPerSecond }, `${table}: copied`);
  }

  tableFollowed(table: string, changes: TableChanges, seconds: number): void {
    const line = { table, ...changes, seconds: Math.round(seconds * 1000) / 1000 };
    // A cron job over many tables has nothing to say of those at rest.
    const level = changes.inserted + changes.updated > 0 ? 'info' : 'debug';
    this.logger[level](line, `${table}: up to date`);
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
