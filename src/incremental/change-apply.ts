import { randomUUID } from 'node:crypto';
import type { ColumnBatch } from '../batch/column-batch.js';
import { DucktailError } from '../common/errors.js';
import { quoteDuckdbName } from '../common/identifiers.js';
import {
  countRejectedValues,
  forgetRejectedValues,
  type RejectedValueBuffer,
} from '../state/rejected-values.js';
import { recordSync } from '../state/tables.js';
import { recordWatermark } from '../state/watermarks.js';
import { qualifiedName } from '../target/ddl.js';
import type { ReplacedRows, StagedRows } from '../target/staged-apply.js';
import type { ChangedRows } from './changed-rows.js';
import type { FollowedTable, IncrementalContext, IncrementalOutcome } from './incremental-sync.js';

/** Applies a table's batches, each in one transaction with the watermark that it reaches. */
export class ChangeApply {
  /** Tells this attempt's rejected values from those of one that failed. */
  copyId = randomUUID();
  rows = 0;
  private bytes = 0;
  /** The table's watermark as of the last commit. */
  watermark: string | null;
  private inserted = 0;
  private updated = 0;
  private unchanged = 0;
  private rejectedValues: number;
  private hasNewRejections = false;

  constructor(
    private readonly table: FollowedTable,
    private readonly rejected: RejectedValueBuffer,
    private readonly context: IncrementalContext,
  ) {
    this.watermark = table.watermark.value;
    this.rejectedValues = table.record.rejectedValues;
  }

  outcome(): Omit<IncrementalOutcome, 'seconds' | 'error'> {
    const { rows, bytes, inserted, updated, unchanged, rejectedValues } = this;
    return {
      plan: this.table.plan,
      rows,
      bytes,
      inserted,
      updated,
      unchanged,
      rejectedValues,
    };
  }

  /** Starts an attempt, from the watermark of the last commit on. */
  begin(): void {
    this.copyId = randomUUID();
    this.hasNewRejections = false;
  }

  /** Keeps a batch's rejected values for the next `run`. */
  reject(batch: ColumnBatch): void {
    if (batch.rejected.length === 0) return;
    const names = this.table.plan.columns.map(({ name }) => name);
    this.rejected.append(this.copyId, names, batch.rejected);
    this.hasNewRejections = true;
  }

  async run(staged: StagedRows, changes: ChangedRows): Promise<void> {
    const { database, hooks, reporter } = this.context;
    const { name } = this.table.plan.schema;
    await staged.flush();
    await this.requireKeys(staged);
    await hooks.beforeApply?.(name);
    const { rows, bytes } = staged;
    // Before the stage loses the rows that are there already.
    const [row] = await database.rows(
      `SELECT ${changes.watermarkAfter(this.watermark)} AS watermark,
              count(*) FILTER (WHERE ${changes.compareWhen}) AS compared
         FROM ${staged.name} AS s`,
    );
    const watermark = row.watermark as string | null;
    const isCompared = Number(row.compared) > 0;
    let unchanged = 0;
    if (isCompared && !this.hasRejections) unchanged = await this.removeUnchanged(staged, changes);
    if (this.hasRejections || staged.rows > 0 || watermark !== this.watermark) {
      const applied = await database.transaction(async () => {
        const rejectedValues = await this.replaceRejections(staged);
        // Not before: the rejected values of unchanged rows have been read again as well.
        if (isCompared && this.hasRejections) {
          unchanged = await this.removeUnchanged(staged, changes);
        }
        const replaced = await this.replaceRows(staged, watermark, rejectedValues);
        await hooks.beforeCommit?.(name);
        return { ...replaced, rejectedValues };
      });
      this.watermark = watermark;
      this.rejectedValues = applied.rejectedValues;
      this.inserted += applied.inserted;
      this.updated += applied.updated;
    }
    this.rows += rows;
    this.bytes += bytes;
    this.unchanged += unchanged;
    this.hasNewRejections = false;
    await hooks.afterCommit?.(name);
    reporter.rowsWritten(name, rows);
  }

  private get hasRejections(): boolean {
    return this.rejectedValues > 0 || this.hasNewRejections;
  }

  private removeUnchanged(staged: StagedRows, { compareWhen }: ChangedRows): Promise<number> {
    return staged.removeUnchanged(this.tableName(), this.keyNames(), compareWhen);
  }

  private async replaceRows(
    staged: StagedRows,
    watermark: string | null,
    rejectedValues: number,
  ): Promise<ReplacedRows> {
    const { database, options, runId } = this.context;
    const { schema } = this.table.plan;
    const { targetSchema } = options;
    const replaced = await staged.replaceByKey(this.tableName(), this.keyNames());
    const [{ n }] = await database.rows(`SELECT count(*) AS n FROM ${this.tableName()}`);
    await recordSync(database, {
      targetSchema,
      schema,
      mode: 'incremental',
      rows: Number(n),
      rejectedValues,
      runId,
    });
    const { watermark: before } = this.table;
    await recordWatermark(database, targetSchema, schema.name, { ...before, value: watermark });
    return replaced;
  }

  private tableName(): string {
    const { database, options } = this.context;
    return qualifiedName(database, options.targetSchema, this.table.plan.schema.name);
  }

  private keyNames(): readonly string[] {
    return this.table.plan.schema.key?.columns ?? [];
  }

  /** Returns how many the table has then. */
  private async replaceRejections(staged: StagedRows): Promise<number> {
    if (!this.hasRejections) return 0;
    const { database, options } = this.context;
    const { name } = this.table.plan.schema;
    const { targetSchema } = options;
    await forgetRejectedValues(database, targetSchema, name, staged.name, this.keyColumns());
    await this.rejected.add(this.copyId, targetSchema, name);
    return countRejectedValues(database, targetSchema, name);
  }

  /** A key that its column can't hold (a zero date) can't be told from another one. */
  private async requireKeys(staged: StagedRows): Promise<void> {
    if (!this.hasNewRejections) return;
    const missing = this.keyColumns().map(({ name }) => `${quoteDuckdbName(name)} IS NULL`);
    const { database } = this.context;
    const rows = await database.rows(
      `SELECT 1 FROM ${staged.name} WHERE ${missing.join(' OR ')} LIMIT 1`,
    );
    if (rows.length === 0) return;
    const { name } = this.table.plan.schema;
    throw new DucktailError('needs-full-sync', `${name} has keys that its copy can't hold`, {
      table: name,
    });
  }

  private keyColumns(): { name: string; duckdbType: string }[] {
    const { keyColumns, columns } = this.table.plan;
    return keyColumns.map((at) => columns[at]);
  }
}
