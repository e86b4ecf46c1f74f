import type { DuckDBAppender, DuckDBType } from '@duckdb/node-api';
import { ChangeControls } from '../batch/change-controls.js';
import type { ColumnBatch } from '../batch/column-batch.js';
import { KeyWatch } from '../batch/key-watch.js';
import { DucktailError } from '../common/errors.js';
import { quoteDuckdbName } from '../common/identifiers.js';
import { CHANGE_UPSERT, planChanges } from '../model/change-plan.js';
import type { ColumnPlan, TablePlan } from '../model/column-plan.js';
import { appendBatch, closeAppender } from './append-batch.js';
import { ChunkWriter } from './chunk-writer.js';
import type { Database } from './database.js';
import { qualifiedName } from './ddl.js';
import { LARGE_ROW_BYTES } from './staged-apply.js';
import { storedForm } from './stored-form.js';

/**
 * How the rows of a table changed. `inserted - deleted` is exact. Which rows were updated is told
 * by the changes: a key that was not in the table, though they say so, makes an insert an update.
 * Without a key an update is one row deleted and one inserted.
 */
export interface AppliedRows {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

export const NO_ROWS: AppliedRows = { inserted: 0, updated: 0, deleted: 0 };

export function addRows(a: AppliedRows, b: AppliedRows): AppliedRows {
  return {
    inserted: a.inserted + b.inserted,
    updated: a.updated + b.updated,
    deleted: a.deleted + b.deleted,
  };
}

/**
 * Rows that a temporary table takes before it is made anew. A TRUNCATE is faster (0.3 instead of
 * 1 ms), but DuckDB keeps what was truncated: 10,000 rows 200 times over took 100 MB and made each
 * round three times slower.
 */
const MAX_TRUNCATED_ROWS = 4096;

let stages = 0;

/**
 * A table's changes on their way into the replica: staged in a temporary table of the writer
 * connection, then applied within the caller's transaction, DELETE and INSERT. On one thread, a
 * table of 5 million rows and 10 columns, half of the keys recent, half scattered: 10,000 changes
 * take 95 ms, 30,000 take 155 ms, 75 of them the DELETE's scan of the key's column; 50,000 rows with
 * new keys take 50 ms, the zone maps spare the scan.
 *
 * What is on the stage stays there until `clear`, so that a transaction that was rolled back can be
 * tried again.
 */
export class ChangeStage implements AsyncDisposable {
  /** Changes on the stage. */
  rows = 0;
  private deletes = 0;
  /** For each column 1 if it has a NULL on the stage. */
  private readonly hasNulls: Uint8Array;
  /** Rows that the temporary table took since it was made. */
  private taken = 0;
  private readonly columns: readonly ColumnPlan[];
  private readonly controls: ChangeControls;
  private readonly keys: KeyWatch;
  private readonly table: string;
  private appender!: DuckDBAppender;
  private writer!: ChunkWriter;

  private constructor(
    private readonly database: Database,
    private readonly plan: TablePlan,
    /** The replica's table, qualified. */
    private readonly target: string,
  ) {
    stages += 1;
    this.table = `ducktail_changes_${stages}`;
    this.columns = planChanges(plan).columns;
    this.controls = new ChangeControls(this.columns);
    this.keys = new KeyWatch(this.columns, plan.keyColumns);
    this.hasNulls = new Uint8Array(this.columns.length);
  }

  static async open(
    database: Database,
    targetSchema: string,
    plan: TablePlan,
  ): Promise<ChangeStage> {
    const target = qualifiedName(database, targetSchema, plan.schema.name);
    const stage = new ChangeStage(database, plan, target);
    await stage.createTable();
    stage.writer = new ChunkWriter(stage.columns, await stage.columnTypes());
    return stage;
  }

  /** The stage as SQL; its columns are the table's, `__ducktail_op` and `__ducktail_seq`. */
  get name(): string {
    return `temp.main.${this.table}`;
  }

  /** Whether its temporary table may hold something, also if only after a ROLLBACK. */
  get isTouched(): boolean {
    return this.taken > 0;
  }

  /** Copies the rows at once: the batch's buffers are free afterwards. */
  append(batch: ColumnBatch): void {
    if (batch.rows === 0) return;
    if (batch.heapBytes / batch.rows > LARGE_ROW_BYTES) this.database.critical.expectLargeValues();
    this.deletes += this.controls.countDeletes(batch);
    if (this.plan.keyColumns.length > 0) this.keys.add(batch);
    for (let i = 0; i < this.hasNulls.length; i++) this.hasNulls[i] |= batch.hasNulls[i];
    appendBatch(this.writer, this.appender, batch);
    this.rows += batch.rows;
    this.taken += batch.rows;
  }

  /** Makes what was appended visible; outside of a transaction it then survives a ROLLBACK. */
  flush(): void {
    this.appender.flushSync();
  }

  /** Within the caller's transaction, after `flush`. */
  apply(): Promise<AppliedRows> {
    if (this.rows === 0) return Promise.resolve(NO_ROWS);
    return this.plan.keyColumns.length === 0 ? this.applyWholeRows() : this.applyByKey();
  }

  /** SQL for the `__ducktail_seq` of the changes that have the last word on a row that then is. */
  get lastUpserts(): string {
    const upserts = `SELECT __ducktail_seq FROM ${this.name} WHERE __ducktail_op = ${CHANGE_UPSERT}`;
    return this.plan.keyColumns.length === 0 ? upserts : `${upserts} AND ${this.isLast()}`;
  }

  /** Empties the stage, for the next changes. Within a transaction DuckDB keeps the rows, on disk. */
  async clear(inTransaction: boolean): Promise<void> {
    if (this.rows === 0) return;
    if (inTransaction || this.taken <= MAX_TRUNCATED_ROWS) {
      await this.database.runTemporary(`TRUNCATE ${this.name}`);
      this.forget();
    } else {
      await this.reset();
    }
  }

  /** Outside of a transaction: empties the stage, whatever became of it. */
  async reset(): Promise<void> {
    await this.closeAppender();
    await this.createTable();
    this.forget();
    this.taken = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.closeAppender();
    await this.database.runTemporary(`DROP TABLE IF EXISTS ${this.name}`);
  }

  /** What it has not flushed yet is written by that, or lost where memory is short: it is not to be kept. */
  private closeAppender(): Promise<void> {
    return this.database.exclusively(() => {
      closeAppender(this.appender);
    });
  }

  private forget(): void {
    this.rows = 0;
    this.deletes = 0;
    this.keys.clear();
    this.hasNulls.fill(0);
  }

  private async createTable(): Promise<void> {
    const list = this.columns.map(
      ({ name, duckdbType }) => `${quoteDuckdbName(name)} ${duckdbType}`,
    );
    await this.database.runTemporary(
      `CREATE OR REPLACE TEMP TABLE ${this.table} (${list.join(', ')})`,
    );
    this.appender = await this.database.createTempBatchAppender(this.table);
  }

  private columnTypes(): Promise<readonly DuckDBType[]> {
    return this.database.columnTypes(this.name);
  }

  private async applyByKey(): Promise<AppliedRows> {
    const { database, name, target } = this;
    const removals = this.deletes === 0 ? 0 : await this.countRemovals();
    const sameKey = this.plan.keyColumns.map((at) => this.equal(at)).join(' AND ');
    const [{ Count: matched }] = await database.rows(
      `DELETE FROM ${target} AS t USING ${name} AS s WHERE ${sameKey}`,
    );
    const [{ Count: written }] = await database.rows(
      `INSERT INTO ${target} (${this.columnList()}) SELECT ${this.columnList()} FROM ${name}
        WHERE __ducktail_op = ${CHANGE_UPSERT} AND ${this.isLast()}`,
    );
    const gone = Number(matched);
    const come = Number(written);
    const updated = Math.max(0, Math.min(gone - removals, gone, come));
    return { inserted: come - updated, updated, deleted: gone - updated };
  }

  /** Keys that were there before, as far as the changes tell, and are not afterwards. */
  private async countRemovals(): Promise<number> {
    const watched = this.keys.result();
    if (watched !== null) return watched.removals;
    const [row] = await this.database.rows(
      `SELECT count(*) AS n FROM (
         SELECT 1 FROM ${this.name} GROUP BY ${this.keyList()}
         HAVING arg_max(__ducktail_op, __ducktail_seq) <> ${CHANGE_UPSERT}
            AND arg_min(__ducktail_op, __ducktail_seq) <> ${CHANGE_UPSERT})`,
    );
    return Number(row.n);
  }

  /** SQL: this change is the last one of its key. */
  private isLast(): string {
    if (this.keys.result()?.hasDuplicates === false) return 'true';
    return `__ducktail_seq IN (SELECT max(__ducktail_seq) FROM ${this.name} GROUP BY ${this.keyList()})`;
  }

  /**
   * Rows without a key are told apart by their values alone: what counts is how many more of a row
   * come than go.
   */
  private async applyWholeRows(): Promise<AppliedRows> {
    const deleted = this.deletes === 0 ? 0 : await this.deleteWholeRows();
    const [{ Count }] = await this.database.rows(
      `INSERT INTO ${this.target} (${this.columnList()}) SELECT ${this.columnList()} ${
        this.deletes === 0
          ? `FROM ${this.name}`
          : `FROM (SELECT *, row_number() OVER (PARTITION BY __ducktail_op, ${this.valueList()}) AS __nth,
                          ${NET} OVER (PARTITION BY ${this.valueList()}) AS __net FROM ${this.name})
              WHERE __ducktail_op = ${CHANGE_UPSERT} AND __nth <= __net`
      }`,
    );
    return { inserted: Number(Count), updated: 0, deleted };
  }

  private async deleteWholeRows(): Promise<number> {
    const { database, name, target } = this;
    const net = `SELECT max(__ducktail_seq) AS seq, -${NET} AS surplus FROM ${name}
                  GROUP BY ${this.valueList()} HAVING ${NET} < 0`;
    const [{ expected }] = await database.rows(
      `SELECT coalesce(sum(surplus), 0)::BIGINT AS expected FROM (${net})`,
    );
    if (Number(expected) === 0) return 0;
    const same = this.plan.columns.map((_, at) => this.equal(at)).join(' AND ');
    const [{ Count }] = await database.rows(
      `DELETE FROM ${target} WHERE rowid IN (
         SELECT matched FROM (
           SELECT t.rowid AS matched, s.__surplus, row_number() OVER (PARTITION BY s.__ducktail_seq) AS nth
             FROM ${target} AS t
             JOIN (SELECT c.*, n.surplus AS __surplus FROM ${name} AS c
                     JOIN (${net}) AS n ON n.seq = c.__ducktail_seq) AS s ON ${same})
          WHERE nth <= __surplus)`,
    );
    if (Number(Count) !== Number(expected)) {
      const table = this.plan.schema.name;
      const missing = Number(expected) - Number(Count);
      throw new DucktailError(
        'table-failed',
        `${table}: ${missing} of ${String(expected)} deleted rows are not in the replica`,
        { table, hint: 'The table has to be copied again.' },
      );
    }
    return Number(Count);
  }

  private columnList(): string {
    return this.plan.columns.map(({ name }) => quoteDuckdbName(name)).join(', ');
  }

  private keyList(): string {
    return this.plan.keyColumns.map((at) => quoteDuckdbName(this.columns[at].name)).join(', ');
  }

  private valueList(): string {
    return this.plan.columns.map((column) => storedForm(column, null)).join(', ');
  }

  /** A plain `=` where it can be: for that alone DuckDB skips row groups by their zone maps. */
  private equal(at: number): string {
    const operator = this.hasNulls[at] === 1 ? 'IS NOT DISTINCT FROM' : '=';
    const column = this.columns[at];
    return this.plan.keyColumns.length > 0
      ? `t.${quoteDuckdbName(column.name)} ${operator} s.${quoteDuckdbName(column.name)}`
      : `${storedForm(column, 't')} ${operator} ${storedForm(column, 's')}`;
  }
}

/** How many more of a row come than go. */
const NET = `sum(CASE __ducktail_op WHEN ${CHANGE_UPSERT} THEN 1 ELSE -1 END)`;
