import type { DuckDBAppender } from '@duckdb/node-api';
import type { ColumnBatch } from '../batch/column-batch.js';
import { quoteDuckdbName } from '../common/identifiers.js';
import type { ColumnPlan } from '../model/column-plan.js';
import { appendBatch } from './append-batch.js';
import { ChunkWriter } from './chunk-writer.js';
import type { Database } from './database.js';

export interface AppliedRows {
  readonly inserted: number;
  readonly updated: number;
  /** Rows that were there with the same values, and were left alone. */
  readonly unchanged: number;
}

let stages = 0;

/**
 * Rows on their way into a table of the replica: staged in a temporary table of the writer
 * connection, then applied as DELETE and INSERT within the caller's transaction. (Measured on 20 M
 * rows, 10,000 scattered keys: 0.24 s; MERGE INTO or a PRIMARY KEY with INSERT OR REPLACE: 5.3 s.)
 */
export class StagedRows implements AsyncDisposable {
  rows = 0;
  bytes = 0;

  private constructor(
    private readonly database: Database,
    private readonly columns: readonly ColumnPlan[],
    /** The stage as SQL, for the caller's own statements; its columns are the table's. */
    readonly name: string,
    private readonly matches: string,
    private readonly appender: DuckDBAppender,
    private readonly writer: ChunkWriter,
  ) {}

  static async open(database: Database, columns: readonly ColumnPlan[]): Promise<StagedRows> {
    stages += 1;
    const table = `ducktail_stage_${stages}`;
    const name = `temp.main.${table}`;
    const list = columns.map((column) => `${quoteDuckdbName(column.name)} ${column.duckdbType}`);
    await database.run(`CREATE TEMP TABLE ${table} (${list.join(', ')})`);
    const matches = `temp.main.ducktail_matches_${stages}`;
    const writer = new ChunkWriter(columns, await database.columnTypes(name));
    const appender = await database.createTempBatchAppender(table);
    return new StagedRows(database, columns, name, matches, appender, writer);
  }

  /** Copies the rows at once: the batch's buffers are free afterwards. */
  append(batch: ColumnBatch): void {
    appendBatch(this.writer, this.appender, batch);
    this.rows += batch.rows;
    this.bytes += batch.heapBytes + (batch.fixed.byteLength * batch.rows) / batch.capacity;
  }

  /** Makes what was appended visible in the stage. */
  flush(): void {
    this.appender.flushSync();
  }

  /**
   * Within the caller's transaction: the staged rows replace those of the same key. `compareWhen`
   * (SQL over the alias `s` of the stage) says which of them may be in the table already with the
   * same values; those are left alone.
   */
  async replaceByKey(
    table: string,
    keyColumns: readonly string[],
    compareWhen: string,
  ): Promise<AppliedRows> {
    const { database, matches, name } = this;
    this.flush();
    const byKey = keyColumns.map(quoteDuckdbName).map((key) => `t.${key} = s.${key}`);
    await database.run(
      `CREATE TEMP TABLE ${matches} AS SELECT s.rowid AS staged, t.rowid AS found
         FROM ${name} AS s JOIN ${table} AS t ON ${byKey.join(' AND ')}`,
    );
    const unchanged = await this.setUnchangedAside(table, compareWhen);
    const [row] = await database.rows(`SELECT count(DISTINCT staged) AS n FROM ${matches}`);
    const updated = Number(row.n);
    if (updated > 0) {
      await database.run(`DELETE FROM ${table} WHERE rowid IN (SELECT found FROM ${matches})`);
    }
    await database.run(`DROP TABLE ${matches}`);
    const inserted = this.rows - unchanged - updated;
    if (inserted + updated > 0) await database.run(`INSERT INTO ${table} FROM ${name}`);
    return { inserted, updated, unchanged };
  }

  /** Within the caller's transaction: the staged rows replace those that the condition matches. */
  async replaceWhere(
    table: string,
    condition: string,
  ): Promise<{ deleted: number; inserted: number }> {
    const { database, name } = this;
    this.flush();
    const [row] = await database.rows(`SELECT count(*) AS n FROM ${table} WHERE ${condition}`);
    await database.run(`DELETE FROM ${table} WHERE ${condition}`);
    await database.run(`INSERT INTO ${table} FROM ${name}`);
    return { deleted: Number(row.n), inserted: this.rows };
  }

  /** Empties the stage, for the next rows. */
  async clear(): Promise<void> {
    await this.database.run(`TRUNCATE ${this.name}`);
    this.rows = 0;
    this.bytes = 0;
  }

  /** Takes rows that are in the table with the same values off the stage; returns how many. */
  private async setUnchangedAside(table: string, compareWhen: string): Promise<number> {
    const { database, matches, name } = this;
    const same = this.columns.map((column) => sameValue(column)).join(' AND ');
    const [row] = await database.rows(
      `DELETE FROM ${name} WHERE rowid IN (
         SELECT m.staged FROM ${matches} AS m
           JOIN ${name} AS s ON s.rowid = m.staged
           JOIN ${table} AS t ON t.rowid = m.found
          WHERE (${compareWhen}) AND ${same})`,
    );
    const unchanged = Number(row.Count);
    if (unchanged === 0) return 0;
    await database.run(`DELETE FROM ${matches} WHERE staged NOT IN (SELECT rowid FROM ${name})`);
    return unchanged;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.appender.closeSync();
    await this.database.run(`DROP TABLE IF EXISTS ${this.name}`);
    await this.database.run(`DROP TABLE IF EXISTS ${this.matches}`);
  }
}

/** Floats by their texts, which tell -0 from 0; geometries have no comparison of their own. */
function sameValue({ name, duckdbType }: ColumnPlan): string {
  const column = quoteDuckdbName(name);
  const form = (side: string): string => {
    if (/^(FLOAT|DOUBLE)/.test(duckdbType)) return `${side}.${column}::VARCHAR`;
    return duckdbType === 'GEOMETRY' ? `ST_AsWKB(${side}.${column})` : `${side}.${column}`;
  };
  return `${form('t')} IS NOT DISTINCT FROM ${form('s')}`;
}
