import { deserializeError, type SerializedError, serializeError } from '../common/errors.js';
import type { SyncReporter, TableChanges } from '../model/sync-reporter.js';

/** What a `SyncReporter` is told, as data that crosses a process boundary. */
export type SyncEvent =
  | ['planned', Parameters<SyncReporter['planned']>[0]]
  | ['tableStarted', string]
  | ['rowsWritten', string, number]
  | ['tableFinished', string, number, number]
  | ['tableFollowed', string, TableChanges, number]
  | ['tableFailed', string, SerializedError]
  | ['tableRestarted', string, string]
  | ['warning', string, string | null]
  | ['info', string];

/** A reporter that hands on what it is told. */
export function eventReporter(tell: (event: SyncEvent) => void): SyncReporter {
  return {
    planned: (tables) => tell(['planned', tables]),
    tableStarted: (table) => tell(['tableStarted', table]),
    rowsWritten: (table, rows) => tell(['rowsWritten', table, rows]),
    tableFinished: (table, rows, seconds) => tell(['tableFinished', table, rows, seconds]),
    tableFollowed: (table, changes, seconds) => tell(['tableFollowed', table, changes, seconds]),
    tableFailed: (table, error) => tell(['tableFailed', table, serializeError(error)]),
    tableRestarted: (table, why) => tell(['tableRestarted', table, why]),
    warning: (message, hint) => tell(['warning', message, hint ?? null]),
    info: (message) => tell(['info', message]),
  };
}

/** Tells a reporter what happened elsewhere. */
export function replay(event: SyncEvent, reporter: SyncReporter): void {
  switch (event[0]) {
    case 'planned':
      reporter.planned(event[1]);
      break;
    case 'tableStarted':
      reporter.tableStarted(event[1]);
      break;
    case 'rowsWritten':
      reporter.rowsWritten(event[1], event[2]);
      break;
    case 'tableFinished':
      reporter.tableFinished(event[1], event[2], event[3]);
      break;
    case 'tableFollowed':
      reporter.tableFollowed(event[1], event[2], event[3]);
      break;
    case 'tableFailed':
      reporter.tableFailed(event[1], deserializeError(event[2]));
      break;
    case 'tableRestarted':
      reporter.tableRestarted(event[1], event[2]);
      break;
    case 'warning':
      reporter.warning(event[1], event[2] ?? undefined);
      break;
    case 'info':
      reporter.info(event[1]);
      break;
  }
}
