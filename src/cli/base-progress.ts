import type { Logger } from '../common/logger.js';
import type { SyncReporter, TableChanges } from '../model/sync-reporter.js';

export interface ProgressReporter extends SyncReporter, Disposable {}

export interface TableProgress {
  estimatedRows: number;
  rows: number;
  startedAt: number;
  loggedAt: number;
}

/** What both kinds of progress have in common: how far each table is. */
export abstract class BaseProgress implements ProgressReporter {
  protected readonly tables = new Map<string, TableProgress>();

  constructor(protected readonly logger: Logger) {}

  planned(tables: readonly { table: string; estimatedRows: number }[]): void {
    for (const { table, estimatedRows } of tables) {
      this.tables.set(table, { estimatedRows, rows: 0, startedAt: 0, loggedAt: 0 });
    }
  }

  tableStarted(table: string): void {
    const progress = this.tables.get(table);
    if (progress === undefined) return;
    progress.startedAt = performance.now();
    progress.loggedAt = progress.startedAt;
  }

  rowsWritten(table: string, rows: number): void {
    const progress = this.tables.get(table);
    if (progress === undefined) return;
    progress.rows += rows;
    this.show(table, progress);
  }

  tableRestarted(table: string, why: string): void {
    const progress = this.tables.get(table);
    if (progress !== undefined) progress.rows = 0;
    this.warning(`${table}: reading it again from its beginning (${why})`);
  }

  abstract tableFinished(table: string, rows: number, seconds: number): void;
  abstract tableFollowed(table: string, changes: TableChanges, seconds: number): void;
  abstract tableFailed(table: string, error: Error): void;
  abstract warning(message: string, hint?: string): void;
  abstract info(message: string): void;
  abstract [Symbol.dispose](): void;
  protected abstract show(table: string, progress: TableProgress): void;
}
