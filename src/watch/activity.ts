import type { ObservedCommit, ObservedSync } from '../model/observers.js';
import type { SyncReporter } from '../model/sync-reporter.js';
import type { SyncMode } from '../model/sync-result.js';
import { Throughput } from './throughput.js';

/** How far the copy of a table is. */
export interface CopyProgress {
  readonly table: string;
  readonly state: 'waiting' | 'copying' | 'copied' | 'failed';
  readonly rows: number;
  /** The source's own estimate. */
  readonly estimatedRows: number;
  /** From 0 to 100, which is reached by the end alone. */
  readonly percent: number;
  readonly rowsPerSecond: number;
}

/** How long the end of a copy may wait to be told. */
const ENDED_MS = 10_000;

interface Copy {
  readonly estimatedRows: number;
  state: CopyProgress['state'];
  rows: number;
  startedAtMs: number;
  endedAtMs: number | null;
}

/** What has come over of late, and what is being copied at the moment. */
export class Activity {
  private readonly copies = new Map<string, Copy>();
  private readonly tables = new Map<string, Throughput>();
  private readonly modes = new Map<SyncMode, Throughput>();

  committed({ tables }: ObservedCommit): void {
    for (const { table, inserted, updated, deleted } of tables) {
      this.note(table, 'cdc', inserted + updated + deleted);
    }
  }

  /** Rows that were read again and had not changed are no change. */
  synced({ table, mode, inserted, updated, deleted, error }: ObservedSync): void {
    if (mode !== 'incremental' || error !== null) return;
    this.note(table, mode, inserted + updated + deleted);
  }

  /** What was being copied and has not come to an end will not. */
  settled(): void {
    for (const table of this.copies.keys()) this.end(table, 'failed');
  }

  /** What a sync's reporter tells of rows that are on their way. */
  readonly reporter: Partial<SyncReporter> = {
    planned: (tables) => {
      // Copies come one run after the other.
      this.settled();
      this.forgetEnded(ENDED_MS);
      for (const { table, estimatedRows } of tables) this.copies.set(table, plan(estimatedRows));
    },
    tableStarted: (table) => {
      this.begin(table);
    },
    rowsWritten: (table, rows) => {
      const copy = this.copies.get(table);
      if (copy === undefined || copy.endedAtMs !== null) return;
      copy.rows += rows;
      this.note(table, 'full', rows);
    },
    tableFinished: (table) => {
      this.end(table, 'copied');
    },
    tableFailed: (table) => {
      this.end(table, 'failed');
    },
    tableRestarted: (table) => {
      this.begin(table);
    },
  };

  /** The copies under way, and those that have ended since `forgetEnded`. */
  progress(): CopyProgress[] {
    return [...this.copies].map(([table, copy]) => describe(table, copy));
  }

  forgetEnded(agoMs = 0): void {
    const before = performance.now() - agoMs;
    for (const [table, { endedAtMs }] of this.copies) {
      if (endedAtMs !== null && endedAtMs <= before) this.copies.delete(table);
    }
  }

  rowsPerSecond(mode: SyncMode): number {
    return this.modes.get(mode)?.perSecond() ?? 0;
  }

  /** By table: rows of each of the last seconds, oldest first. */
  histories(nowMs = Date.now()): [table: string, rows: number[]][] {
    return [...this.tables]
      .map(([table, throughput]): [string, number[]] => [table, throughput.history(nowMs)])
      .filter(([, rows]) => rows.some((count) => count > 0));
  }

  /** Of others nothing is to be told any more, but those whose first rows are on their way. */
  retain(tables: ReadonlySet<string>, nowMs = Date.now()): void {
    for (const [table, throughput] of this.tables) {
      if (!tables.has(table) && throughput.isIdle(nowMs)) this.tables.delete(table);
    }
  }

  private note(table: string, mode: SyncMode, rows: number): void {
    throughputOf(this.tables, table).note(rows);
    throughputOf(this.modes, mode).note(rows);
  }

  private begin(table: string): void {
    const copy = this.copies.get(table);
    if (copy === undefined) return;
    copy.state = 'copying';
    copy.rows = 0;
    copy.startedAtMs = performance.now();
    copy.endedAtMs = null;
  }

  private end(table: string, state: 'copied' | 'failed'): void {
    const copy = this.copies.get(table);
    if (copy === undefined || copy.endedAtMs !== null) return;
    copy.state = state;
    copy.endedAtMs = performance.now();
  }
}

function throughputOf<Key>(all: Map<Key, Throughput>, key: Key): Throughput {
  const known = all.get(key) ?? new Throughput();
  all.set(key, known);
  return known;
}

function plan(estimatedRows: number): Copy {
  return { estimatedRows, state: 'waiting', rows: 0, startedAtMs: 0, endedAtMs: null };
}

function describe(table: string, copy: Copy): CopyProgress {
  const { state, rows, estimatedRows, startedAtMs, endedAtMs } = copy;
  const seconds = startedAtMs === 0 ? 0 : ((endedAtMs ?? performance.now()) - startedAtMs) / 1000;
  const share = estimatedRows === 0 ? 0 : Math.floor((rows / estimatedRows) * 100);
  return {
    table,
    state,
    rows,
    estimatedRows,
    // The estimate may be too low.
    percent: state === 'copied' ? 100 : Math.min(99, share),
    rowsPerSecond: seconds === 0 ? 0 : Math.round(rows / seconds),
  };
}
