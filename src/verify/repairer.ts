import { randomUUID } from 'node:crypto';
import { batchBytes, batchCapacity, type ColumnBatch } from '../batch/column-batch.js';
import { DucktailError } from '../common/errors.js';
import { quoteDuckdbName } from '../common/identifiers.js';
import type { SqlPair } from '../compare/sql-pair.js';
import type { TablePlan } from '../model/column-plan.js';
import type { Reader } from '../source/reader-pool.js';
import { selectRows } from '../source/select-rows.js';
import {
  countRejectedValues,
  forgetRejectedValues,
  RejectedValueBuffer,
} from '../state/rejected-values.js';
import { forgetRejectionsOfKeys } from '../state/replaced-rejections.js';
import { recordCounts } from '../state/tables.js';
import type { Database } from '../target/database.js';
import { checkpoint } from '../target/maintenance.js';
import { StagedRows } from '../target/staged-apply.js';

export interface RepairerOptions {
  readonly database: Database;
  readonly targetSchema: string;
  readonly reader: Reader;
  /** Rows per batch from the reader. */
  readonly batchRows: number;
}

/** Reads rows that differ again, the way every sync does, and puts them in place of the old ones. */
export class Repairer implements AsyncDisposable {
  private hasReplaced = false;

  private constructor(
    private readonly options: RepairerOptions,
    private readonly rejected: RejectedValueBuffer,
  ) {}

  static async open(options: RepairerOptions): Promise<Repairer> {
    return new Repairer(options, await RejectedValueBuffer.open(options.database));
  }

  /**
   * Replaces the rows for which the condition holds, in one transaction with what is on record
   * about them. `table` is the replica's, qualified.
   */
  async replace(plan: TablePlan, table: string, condition: SqlPair): Promise<void> {
    const { database, targetSchema } = this.options;
    const { name } = plan.schema;
    const copyId = randomUUID();
    await using staged = await StagedRows.open(database, plan.columns);
    const rejections = await this.read(plan, copyId, condition.source, staged);
    if (plan.keyColumns.length === 0) await this.requireNoRejections(name, rejections.count);
    await staged.flush();
    this.hasReplaced = true;
    await database.transaction(async () => {
      if (plan.keyColumns.length > 0) {
        const rows = replacedKeys(plan, table, condition.replica, staged.name);
        const key = plan.keyColumns.map((at) => plan.columns[at]);
        await forgetRejectedValues(database, targetSchema, name, rows, key);
        await forgetRejectionsOfKeys(database, targetSchema, name, rejections.keys);
      }
      await staged.replaceWhere(table, condition.replica);
      await this.rejected.add(copyId, targetSchema, name);
      await recordCounts(database, targetSchema, name, table);
    });
  }

  /** Resolves to how many values were rejected, and in rows of which keys. */
  private async read(
    plan: TablePlan,
    copyId: string,
    condition: string,
    staged: StagedRows,
  ): Promise<{ count: number; keys: string[] }> {
    const { reader, batchRows } = this.options;
    const { schema, columns } = plan;
    const names = columns.map(({ name }) => name);
    const table = { copyId, plan, capacity: batchCapacity(columns, batchRows) };
    const sql = `${selectRows(schema)} WHERE ${condition}`;
    const failures: unknown[] = [];
    const keys = new Set<string>();
    let count = 0;
    // To its end also after a failure, so that the reader is free for the next table; and what is
    // thrown in here would be nobody's: batches come as events.
    const take = async (batch: ColumnBatch): Promise<void> => {
      try {
        await staged.append(batch);
        this.rejected.append(copyId, names, batch.rejected);
        count += batch.rejected.length;
        for (const { key } of batch.rejected) if (key !== null) keys.add(key);
      } catch (error) {
        failures.push(error);
      }
      reader.recycle(batch, batchBytes(batch));
    };
    const taken: Promise<void>[] = [];
    await reader.readChunk(table, sql, (batch) => {
      taken.push(take(batch));
    });
    await Promise.all(taken);
    await reader.flush();
    if (failures.length > 0) throw failures[0];
    return { count, keys: [...keys] };
  }

  /** Without a key nobody knows which rejected value belongs to which row. */
  private async requireNoRejections(table: string, rejections: number): Promise<void> {
    const { database, targetSchema } = this.options;
    const recorded = await countRejectedValues(database, targetSchema, table);
    if (rejections + recorded === 0) return;
    throw new DucktailError(
      'needs-full-sync',
      `the table '${table}' has no key but rejected values, which can't be told apart by row`,
      { table, hint: `Run \`ducktail sync --full ${table}\`.` },
    );
  }

  /** Also moves what was replaced from the log into the file; where it can't, the next start does. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.rejected[Symbol.asyncDispose]();
    if (this.hasReplaced) await checkpoint(this.options.database);
  }
}

/** The keys of rows that go and of rows that come, as a relation. */
function replacedKeys(
  { columns, keyColumns }: TablePlan,
  table: string,
  condition: string,
  stage: string,
): string {
  const names = keyColumns.map((at) => quoteDuckdbName(columns[at].name)).join(', ');
  return `(SELECT ${names} FROM ${table} WHERE ${condition} UNION SELECT ${names} FROM ${stage})`;
}
