import { ChangeControls } from '../batch/change-controls.js';
import type { ColumnBatch } from '../batch/column-batch.js';
import { DucktailError } from '../common/errors.js';
import { quoteDuckdbName, quoteDuckdbText } from '../common/identifiers.js';
import { CHANGE_UPSERT, planChanges } from '../model/change-plan.js';
import type { TablePlan } from '../model/column-plan.js';
import type { Database } from '../target/database.js';
import { countRejectedValues, forgetRejectedValues } from './rejected-values.js';

/** A change with a value that its column can't hold. */
interface Entry {
  readonly seq: number;
  readonly upsert: boolean;
  readonly key: string | null;
  readonly column: string;
  readonly text: string;
  readonly reason: string;
}

const ENTRY_TYPE =
  '[{"seq":"UINTEGER","upsert":"BOOLEAN","key":"VARCHAR","column":"VARCHAR","text":"VARCHAR","reason":"VARCHAR"}]';

/** Entries per statement, as JSON. */
const ENTRIES_PER_STATEMENT = 10_000;

/** Keys whose texts are the same in SQL as the source prints them. */
const INTEGERS = /^U?(TINY|SMALL|BIG)?(INT|INTEGER)$/;

/** Where the changes of `StreamedRejections` are, as SQL. */
export interface StagedChanges {
  /** The relation of all changes. */
  readonly name: string;
  /** A query for the `__ducktail_seq` of those whose row is in the table afterwards. */
  readonly lastUpserts: string;
}

/**
 * The rejected values of a table that is streamed. A table that has none on record and none on the
 * stage costs nothing.
 */
export class StreamedRejections {
  /** On record, as of the last `apply` or `reload`. */
  recorded = 0;
  private entries: Entry[] = [];
  private readonly controls: ChangeControls;

  private constructor(
    private readonly database: Database,
    private readonly targetSchema: string,
    private readonly plan: TablePlan,
  ) {
    this.controls = new ChangeControls(planChanges(plan).columns);
  }

  static async open(
    database: Database,
    targetSchema: string,
    plan: TablePlan,
  ): Promise<StreamedRejections> {
    const rejections = new StreamedRejections(database, targetSchema, plan);
    await rejections.reload();
    return rejections;
  }

  /** Keeps a batch's rejected values until `clear`. */
  append(batch: ColumnBatch): void {
    if (batch.rejected.length === 0) return;
    const seqs = this.controls.seqs(batch);
    const ops = this.controls.ops(batch);
    for (const { row, key, column, sourceText, reason } of batch.rejected) {
      this.entries.push({
        seq: seqs[row],
        upsert: ops[row] === CHANGE_UPSERT,
        key,
        column: this.plan.columns[column].name,
        text: sourceText,
        reason,
      });
    }
  }

  /** Within the caller's transaction: the changes on the stage are applied. */
  async apply(staged: StagedChanges): Promise<void> {
    if (this.recorded === 0 && this.entries.length === 0) return;
    if (this.plan.keyColumns.length === 0) {
      if (this.entries.length === 0) return;
      await this.replaceByValue();
    } else {
      await this.requireTellableKeys();
      await this.replaceByKey(staged);
    }
    await this.reload();
  }

  /** After a ROLLBACK. */
  async reload(): Promise<void> {
    const { database, targetSchema, plan } = this;
    this.recorded = await countRejectedValues(database, targetSchema, plan.schema.name);
  }

  clear(): void {
    this.entries = [];
  }

  /**
   * Within the caller's transaction: the table's rows in the relation `rows` (SQL) are about to go,
   * though no change on the stage says so. Resolves to the columns of which that can't be told on
   * record.
   */
  async forgetRows(rows: string): Promise<readonly string[]> {
    if (this.recorded === 0) return [];
    const { database, targetSchema, plan } = this;
    const keys = plan.keyColumns.map((at) => plan.columns[at]);
    // Nothing tells whether a NULL of theirs was rejected.
    if (keys.length === 0) return this.recordedColumns();
    await forgetRejectedValues(database, targetSchema, plan.schema.name, rows, keys);
    await this.reload();
    const isNull = keys.map(({ name }) => `${quoteDuckdbName(name)} IS NULL`).join(' OR ');
    const hidden = await database.rows(`SELECT 1 FROM ${rows} AS r WHERE ${isNull} LIMIT 1`);
    return hidden.length === 0 ? [] : keys.map(({ name }) => name);
  }

  /** The same of rows of which these columns are about to change. */
  moveRows(columns: readonly string[]): readonly string[] {
    if (this.recorded === 0) return [];
    const keys = this.plan.keyColumns.map((at) => this.plan.columns[at].name);
    // What is on record for them is found by their keys.
    return keys.filter((name) => columns.includes(name));
  }

  private async recordedColumns(): Promise<string[]> {
    const rows = await this.database.rows(
      `SELECT DISTINCT column_name FROM _ducktail.rejected_values WHERE ${this.ofTable()}`,
    );
    return rows.map(({ column_name }) => String(column_name));
  }

  private async replaceByKey(staged: StagedChanges): Promise<void> {
    if (this.recorded > 0) await this.forgetKeys(staged);
    for (const { sql, json } of this.entryRelations()) {
      await this.database.run(
        `INSERT INTO _ducktail.rejected_values
           SELECT ?, ?, e.key::JSON, e.column, e.text, e.reason, now() FROM ${sql} AS e
            WHERE e.seq IN (${staged.lastUpserts})`,
        [this.targetSchema, this.plan.schema.name, json],
      );
    }
  }

  private async forgetKeys(staged: StagedChanges): Promise<void> {
    const { database, targetSchema, plan } = this;
    const keys = plan.keyColumns.map((at) => plan.columns[at]);
    if (keys.every(({ duckdbType }) => INTEGERS.test(duckdbType))) {
      // 1 million records and 10,000 changes: a join of texts, instead of taking each record apart.
      const text = keys.map(({ name }) => quoteDuckdbName(name)).join(` || '","' || `);
      await database.run(
        `DELETE FROM _ducktail.rejected_values AS r
          USING (SELECT '["' || ${text} || '"]' AS key FROM ${staged.name}) AS s
          WHERE r.row_key::VARCHAR = s.key AND ${this.ofTable()}`,
      );
    } else {
      await forgetRejectedValues(database, targetSchema, plan.schema.name, staged.name, keys);
    }
    // Keys that were rejected themselves are NULL on the stage: their texts tell them.
    for (const { sql, json } of this.entryRelations()) {
      await database.run(
        `DELETE FROM _ducktail.rejected_values
          WHERE row_key::VARCHAR IN (SELECT e.key FROM ${sql} AS e) AND ${this.ofTable()}`,
        [json],
      );
    }
  }

  /**
   * Without a key, a deleted row comes with the same rejected values as when it was inserted: what
   * counts is how many more of them come than go.
   */
  private async replaceByValue(): Promise<void> {
    const net = new Map<string, { entry: Entry; surplus: number }>();
    for (const entry of this.entries) {
      const id = JSON.stringify([entry.column, entry.text, entry.reason]);
      const known = net.get(id) ?? { entry, surplus: 0 };
      known.surplus += entry.upsert ? 1 : -1;
      net.set(id, known);
    }
    for (const { entry, surplus } of net.values()) {
      const { column, text, reason } = entry;
      if (surplus > 0) {
        await this.database.run(
          `INSERT INTO _ducktail.rejected_values
             SELECT ?, ?, NULL, ?, ?, ?, now() FROM range(?::BIGINT)`,
          [this.targetSchema, this.plan.schema.name, column, text, reason, surplus],
        );
      } else if (surplus < 0) {
        await this.database.run(
          `DELETE FROM _ducktail.rejected_values WHERE rowid IN (
             SELECT rowid FROM _ducktail.rejected_values
              WHERE column_name = ? AND source_text = ? AND reason = ? AND ${this.ofTable()}
              LIMIT ${-surplus})`,
          [column, text, reason],
        );
      }
    }
  }

  /**
   * Keys that their columns can't hold may be the same in the replica while they differ in the
   * source: a change of one would then be applied to the other.
   */
  private async requireTellableKeys(): Promise<void> {
    const { plan, database } = this;
    const keys = plan.keyColumns.map((at) => plan.columns[at].name);
    if (!this.entries.some(({ column }) => keys.includes(column))) return;
    const isKey = `column_name IN (${keys.map(quoteDuckdbText).join(', ')})`;
    const held = keys.map(
      (name, at) =>
        `CASE WHEN bool_or(column_name = ${quoteDuckdbText(name)}) THEN NULL
              ELSE json_extract_string(row_key, '$[${at}]') END`,
    );
    const relations = this.entryRelations();
    const staged = relations.map(
      ({ sql }) => `UNION ALL SELECT e.key::JSON, e.column FROM ${sql} AS e`,
    );
    const doubtful = await database.rows(
      `SELECT 1 FROM (
         SELECT row_key, [${held.join(', ')}] AS held FROM (
           SELECT row_key, column_name FROM _ducktail.rejected_values WHERE ${this.ofTable()}
           ${staged.join(' ')}) WHERE ${isKey} GROUP BY row_key)
        GROUP BY held HAVING count(*) > 1 LIMIT 1`,
      relations.map(({ json }) => json),
    );
    if (doubtful.length === 0) return;
    const table = plan.schema.name;
    throw new DucktailError(
      'table-failed',
      `${table} has several keys that its copy can't tell from each other`,
      { table, hint: 'Its changes can be followed once these keys are valid in the source.' },
    );
  }

  private entryRelations(): { sql: string; json: string }[] {
    const relations: { sql: string; json: string }[] = [];
    for (let from = 0; from < this.entries.length; from += ENTRIES_PER_STATEMENT) {
      relations.push({
        sql: `(SELECT unnest(from_json(?::JSON, '${ENTRY_TYPE}'), recursive := true))`,
        json: JSON.stringify(this.entries.slice(from, from + ENTRIES_PER_STATEMENT)),
      });
    }
    return relations;
  }

  private ofTable(): string {
    return `target_schema = ${quoteDuckdbText(this.targetSchema)}
        AND table_name = ${quoteDuckdbText(this.plan.schema.name)}`;
  }
}
