import { DucktailError } from '../common/errors.js';
import type { SyncMode, TableSyncResult } from '../model/sync-result.js';

/** How one table fared, before it is told. */
export interface TableOutcome extends Omit<
  TableSyncResult,
  'oldWatermark' | 'newWatermark' | 'rowsPerSecond' | 'error'
> {
  /** Of the values that were read. */
  readonly bytes: number;
  readonly error: Error | null;
}

/** A table of which nothing came over. */
export function failedOutcome(
  table: string,
  mode: SyncMode,
  error: Error,
  seconds = 0,
): TableOutcome {
  const none = {
    rows: 0,
    bytes: 0,
    inserted: 0,
    updated: 0,
    deleted: 0,
    unchanged: 0,
    rejectedValues: 0,
  };
  return { table, mode, ...none, seconds, error };
}

export function describeOutcome(
  outcome: TableOutcome,
  oldWatermark: string | null,
  newWatermark: string | null,
): TableSyncResult {
  const { table, mode, rows, inserted, updated, deleted, unchanged, seconds, error } = outcome;
  return {
    table,
    mode,
    rows,
    inserted,
    updated,
    deleted,
    unchanged,
    oldWatermark,
    newWatermark,
    seconds: roundSeconds(seconds),
    rowsPerSecond: seconds > 0 ? Math.round(rows / seconds) : 0,
    rejectedValues: outcome.rejectedValues,
    error: error === null ? null : describeError(error),
  };
}

function describeError(error: Error): TableSyncResult['error'] {
  return error instanceof DucktailError
    ? { code: error.code, message: error.message, hint: error.hint ?? null }
    : { code: 'bug', message: error.message, hint: null };
}

export function roundSeconds(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
