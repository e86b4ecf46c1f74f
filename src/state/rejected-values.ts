import { toError } from '../common/errors.js';
import { quoteDuckdbName, quoteDuckdbText } from '../common/identifiers.js';
import type { RejectedValue } from '../model/rejected-value.js';
import type { Database } from '../target/database.js';
import type { RowAppender } from '../target/row-appender.js';

/** Well below what an Appender takes before it writes by itself, in whosever transaction that is. */
const ROWS_PER_FLUSH = 20_000;

let buffers = 0;

/**
 * The rejected values of tables that are being copied: kept in a temporary table, which DuckDB may
 * move to disk, until the cutover makes them part of the state. A crash leaves nothing behind.
 */
export class RejectedValueBuffer implements AsyncDisposable {
  private waiting: (string | null)[][] = [];
  /** The writing that is under way or waits for its turn. */
  private writing: Promise<void> | null = null;
  /** What went wrong with one. */
  private failure: Error | null = null;

  private constructor(
    private readonly database: Database,
    private readonly table: string,
    private readonly appender: RowAppender,
  ) {}

  static async open(database: Database): Promise<RejectedValueBuffer> {
    // A repair may have one beside a copy.
    buffers += 1;
    const table = `rejected_buffer_${buffers}`;
    await database.run(
      `CREATE TEMP TABLE ${table} (
         copy_id VARCHAR, row_key VARCHAR, column_name VARCHAR, source_text VARCHAR, reason VARCHAR)`,
    );
    return new RejectedValueBuffer(database, table, await database.createTempAppender(table));
  }

  /** `copyId` tells one attempt at a table from another. */
  append(copyId: string, columnNames: readonly string[], values: readonly RejectedValue[]): void {
    for (const { key, column, sourceText, reason } of values) {
      this.waiting.push([copyId, key, columnNames[column], sourceText, reason]);
    }
    if (this.waiting.length >= ROWS_PER_FLUSH) this.writing ??= this.writeInTurn();
  }

  /** Within the transaction of a cutover: replaces the table's rejected values by those of the copy. */
  async record(copyId: string, targetSchema: string, table: string): Promise<void> {
    await this.database.run(
      'DELETE FROM _ducktail.rejected_values WHERE target_schema = ? AND table_name = ?',
      [targetSchema, table],
    );
    await this.insert(copyId, targetSchema, table);
  }

  /** Within a transaction: adds those of the copy to the table's, whose own for these rows are gone. */
  async add(copyId: string, targetSchema: string, table: string): Promise<void> {
    await this.insert(copyId, targetSchema, table);
    await this.database.run(`DELETE FROM ${this.table} WHERE copy_id = ?`, [copyId]);
  }

  private async insert(copyId: string, targetSchema: string, table: string): Promise<void> {
    if (this.failure !== null) throw this.failure;
    this.write();
    await this.database.run(
      `INSERT INTO _ducktail.rejected_values
         SELECT ?, ?, row_key::JSON, column_name, source_text, reason, now()
           FROM ${this.table} WHERE copy_id = ?`,
      [targetSchema, table, copyId],
    );
  }

  private async writeInTurn(): Promise<void> {
    try {
      await this.database.exclusively(() => {
        this.write();
      });
    } catch (error) {
      this.failure = toError(error);
    } finally {
      this.writing = null;
    }
  }

  /** The Appender writes by the writer connection: only for whoever has that to itself. */
  private write(): void {
    for (const row of this.waiting) this.appender.append(row);
    this.waiting = [];
    this.appender.flush();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.writing;
    await this.database.exclusively(() => {
      this.appender.close();
    });
    await this.database.run(`DROP TABLE IF EXISTS ${this.table}`);
  }
}

/** A key column and its type in DuckDB. */
export interface TypedColumn {
  readonly name: string;
  readonly duckdbType: string;
}

/**
 * Within a transaction: removes the rejected values of the rows whose keys are in the relation
 * `keys` (SQL): they are about to be replaced or to go.
 */
export async function forgetRejectedValues(
  database: Database,
  targetSchema: string,
  table: string,
  keys: string,
  keyColumns: readonly TypedColumn[],
): Promise<void> {
  const equal = keyColumns.map(
    ({ name, duckdbType }, at) => `k.${quoteDuckdbName(name)} = ${keyValue(at, duckdbType)}`,
  );
  await database.run(
    `DELETE FROM _ducktail.rejected_values AS r
      WHERE target_schema = ? AND table_name = ?
        AND EXISTS (SELECT 1 FROM ${keys} AS k WHERE ${equal.join(' AND ')})`,
    [targetSchema, table],
  );
}

/** A key's text as the source prints it, byte strings as 0x and hex, in the type of the column. */
function keyValue(at: number, duckdbType: string): string {
  const text = `(r.row_key->>${at})`;
  if (duckdbType === 'BLOB') return `unhex(substr(${text}, 3))`;
  if (duckdbType === 'TIMESTAMPTZ') return `timezone('UTC', TRY_CAST(${text} AS TIMESTAMP))`;
  return `TRY_CAST(${text} AS ${duckdbType})`;
}

export async function countRejectedValues(
  database: Database,
  targetSchema: string,
  table: string,
): Promise<number> {
  const [row] = await database.rows(
    `SELECT count(*) AS n FROM _ducktail.rejected_values
      WHERE target_schema = ? AND table_name = ?`,
    [targetSchema, table],
  );
  return Number(row.n);
}

/** Of tables that have any. */
export async function countRejectedByTable(
  query: (sql: string) => Promise<Record<string, unknown>[]>,
  targetSchema: string,
): Promise<Map<string, number>> {
  const rows = await query(
    `SELECT table_name, count(*) AS n FROM _ducktail.rejected_values
      WHERE target_schema = ${quoteDuckdbText(targetSchema)} GROUP BY ALL`,
  );
  return new Map(rows.map(({ table_name, n }) => [String(table_name), Number(n)]));
}
