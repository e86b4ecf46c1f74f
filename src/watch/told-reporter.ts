import type { SyncReporter } from '../model/sync-reporter.js';

/** Tells `watcher` what it wants to know of, and `inner` everything. */
export function toldReporter(watcher: Partial<SyncReporter>, inner: SyncReporter): SyncReporter {
  return {
    planned: (tables) => {
      watcher.planned?.(tables);
      inner.planned(tables);
    },
    tableStarted: (table) => {
      watcher.tableStarted?.(table);
      inner.tableStarted(table);
    },
    rowsWritten: (table, rows) => {
      watcher.rowsWritten?.(table, rows);
      inner.rowsWritten(table, rows);
    },
    tableFinished: (table, rows, seconds) => {
      watcher.tableFinished?.(table, rows, seconds);
      inner.tableFinished(table, rows, seconds);
    },
    tableFollowed: (table, changes, seconds) => {
      watcher.tableFollowed?.(table, changes, seconds);
      inner.tableFollowed(table, changes, seconds);
    },
    tableFailed: (table, error) => {
      watcher.tableFailed?.(table, error);
      inner.tableFailed(table, error);
    },
    tableRestarted: (table, why) => {
      watcher.tableRestarted?.(table, why);
      inner.tableRestarted(table, why);
    },
    warning: (message, hint) => {
      watcher.warning?.(message, hint);
      inner.warning(message, hint);
    },
    info: (message) => {
      watcher.info?.(message);
      inner.info(message);
    },
  };
}
