import { DucktailError } from '../common/errors.js';
import type { SyncResult } from '../model/sync-result.js';
import { countRejectedByTable } from '../state/rejected-values.js';
import { readTableStates, type TableState } from '../state/tables.js';
import { addRows, type AppliedRows, NO_ROWS } from '../target/change-stage.js';
import type { Database } from '../target/database.js';
import type { SelectedTables } from './plan.js';
import { describeOutcome, failedOutcome, roundSeconds, type TableOutcome } from './sync-outcome.js';

/** What CDC does with each table while the tally is open. */
export class CdcTally implements Disposable {
  private readonly startedAt = performance.now();
  private readonly applied = new Map<string, AppliedRows>();
  private readonly copies = new Map<string, TableOutcome>();

  private constructor(
    private readonly database: Database,
    private readonly targetSchema: string,
    private readonly rejectedBefore: ReadonlyMap<string, number>,
    private readonly onClose: () => void,
  ) {}

  static async open(
    database: Database,
    targetSchema: string,
    onClose: () => void,
  ): Promise<CdcTally> {
    const rejected = await countRejectedByTable((sql) => database.rows(sql), targetSchema);
    return new CdcTally(database, targetSchema, rejected, onClose);
  }

  noteApplied(table: string, rows: AppliedRows): void {
    this.applied.set(table, addRows(this.applied.get(table) ?? NO_ROWS, rows));
  }

  /** The latest copy counts, with what was applied to the table after it. */
  noteCopies(outcomes: readonly TableOutcome[]): void {
    for (const outcome of outcomes) {
      this.copies.set(outcome.table, outcome);
      this.applied.delete(outcome.table);
    }
  }

  /**
   * How those of the tables have fared so far that the replica knows of: others were made beyond its
   * position. `refused` can't be replicated.
   */
  async result(
    tables: readonly string[],
    refused: SelectedTables['refused'] = [],
  ): Promise<SyncResult> {
    const query = (sql: string): Promise<Record<string, unknown>[]> => this.database.rows(sql);
    const states = new Map((await readTableStates(query)).map((state) => [state.table, state]));
    const rejected = await countRejectedByTable(query, this.targetSchema);
    const outcomes = [
      ...tables
        .filter((table) => states.has(table) || this.copies.has(table))
        .map((table) => this.outcome(table, states.get(table), rejected.get(table) ?? 0)),
      ...refused.map(({ plan, error }) => failedOutcome(plan.schema.name, 'cdc', error)),
    ];
    return {
      tables: outcomes
        .sort((a, b) => (a.table < b.table ? -1 : 1))
        .map((outcome) => describeOutcome(outcome, null, null)),
      seconds: roundSeconds(this.seconds),
      peakRssBytes: process.resourceUsage().maxRSS * 1024,
    };
  }

  [Symbol.dispose](): void {
    this.onClose();
  }

  private get seconds(): number {
    return (performance.now() - this.startedAt) / 1000;
  }

  private outcome(table: string, state: TableState | undefined, rejected: number): TableOutcome {
    const copy = this.copies.get(table);
    if (copy !== undefined && copy.error !== null) return copy;
    const mode = copy === undefined ? 'cdc' : 'full';
    if (state === undefined || state.error !== null) {
      return failedOutcome(table, mode, notReplicated(table, state?.error ?? null), this.seconds);
    }
    const changes = this.applied.get(table) ?? NO_ROWS;
    const { inserted, updated, deleted } = changes;
    if (copy !== undefined) {
      const allInserted = copy.inserted + inserted;
      return { ...copy, ...changes, inserted: allInserted, rejectedValues: rejected };
    }
    return {
      table,
      mode,
      rows: inserted + updated + deleted,
      bytes: 0,
      ...changes,
      unchanged: 0,
      rejectedValues: Math.max(0, rejected - (this.rejectedBefore.get(table) ?? 0)),
      seconds: this.seconds,
      error: null,
    };
  }
}

function notReplicated(table: string, why: string | null): DucktailError {
  return new DucktailError('table-failed', why ?? `${table} is not in the replica`, {
    table,
    hint: `See the log; \`ducktail sync --full ${table}\` copies it again.`,
  });
}
