import mysql, { type Connection, type RowDataPacket } from 'mysql2/promise';
import { queryTexts, type TextRow } from '../test/helpers/test-source.js';
import type { SourceAccess } from '../test/e2e/support/source-position.js';
import { mainValues } from './bench-table.js';

/** A place in the binlog, behind a transaction. */
export interface BinlogPlace {
  readonly gtidSet: string;
  readonly file: string;
  readonly position: number;
}

/** Rows of a bulk insert's statement, which is a transaction. */
export const BULK_ROWS = 1_000;
/** Keys this close to the last one are recent. */
const RECENT_KEYS = 10_000;

/**
 * One-row transactions, six inserts, three updates and a delete in ten, half of those keys recent and
 * half scattered. `changed` counts the rows that really changed, `next_id` goes on from call to call.
 */
const CHANGE_PROCEDURE = `
CREATE PROCEDURE change_rows (IN transactions INT, OUT changed INT)
BEGIN
  DECLARE i INT DEFAULT 0;
  DECLARE k BIGINT;
  DECLARE n BIGINT DEFAULT (SELECT MAX(id) FROM items);
  DECLARE scatter BIGINT DEFAULT n;
  SET changed = 0;
  WHILE i < transactions DO
    SET k = IF(RAND() < 0.5, n - FLOOR(RAND() * LEAST(${RECENT_KEYS}, n)), 1 + FLOOR(RAND() * scatter));
    IF i % 10 < 6 THEN
      SET n = n + 1;
      INSERT INTO items SELECT ${mainValues('NOW()')};
    ELSEIF i % 10 < 9 THEN
      UPDATE items SET qty = (qty + 1) % 100, amount = amount + 1 WHERE id = k;
    ELSE
      DELETE FROM items WHERE id = k;
    END IF;
    SET changed = changed + ROW_COUNT();
    SET i = i + 1;
  END WHILE;
END`;

/** The database of a benchmark's table, with everything that is written to it in the binlog. */
export class CdcSource implements SourceAccess, AsyncDisposable {
  readonly flavour = 'mysql';

  private constructor(
    readonly url: string,
    private readonly connection: Connection,
  ) {}

  static async open(url: string): Promise<CdcSource> {
    const connection = await mysql.createConnection({ uri: url });
    await connection.query(`SET SESSION cte_max_recursion_depth = 1000000, time_zone = '+00:00'`);
    return new CdcSource(url, connection);
  }

  async prepare(): Promise<void> {
    await this.connection.query('DROP PROCEDURE IF EXISTS change_rows');
    await this.connection.query(CHANGE_PROCEDURE);
  }

  texts(sql: string): Promise<TextRow[]> {
    return queryTexts(this.connection, sql);
  }

  async run(sql: string): Promise<void> {
    await this.connection.query(sql);
  }

  /** Returns how many rows changed. */
  async changeRows(transactions: number): Promise<number> {
    await this.connection.query('CALL change_rows(?, @changed)', [transactions]);
    const [rows] = await this.connection.query<RowDataPacket[]>('SELECT @changed AS changed');
    return Number(rows[0].changed);
  }

  /** `rows`: a multiple of BULK_ROWS; returned. */
  async insertBulk(rows: number): Promise<number> {
    const [[last]] = await this.texts('SELECT CAST(MAX(id) AS CHAR) FROM items');
    for (let first = Number(last) + 1; first <= Number(last) + rows; first += BULK_ROWS) {
      await this.connection.query(
        `INSERT INTO items
         WITH RECURSIVE seq (n) AS
           (SELECT ${first} UNION ALL SELECT n + 1 FROM seq WHERE n < ${first + BULK_ROWS - 1})
         SELECT ${mainValues('NOW()')} FROM seq`,
      );
    }
    return rows;
  }

  /** Changes every so manieth row of the table, in statements of 10,000 changes at most. */
  async updateScattered(rows: number, changes: number): Promise<number> {
    const step = Math.max(1, Math.floor(rows / changes));
    const span = 10_000 * step;
    let changed = 0;
    for (let first = 1; first <= rows; first += span) {
      const [result] = await this.connection.query<mysql.ResultSetHeader>(
        `UPDATE items SET qty = (qty + 1) % 100, amount = amount + 1
          WHERE id BETWEEN ${first} AND ${Math.min(first + span - 1, rows)} AND id % ${step} = 0`,
      );
      changed += result.affectedRows;
    }
    return changed;
  }

  async binlogEnd(): Promise<BinlogPlace> {
    const [[file, position]] = await this.texts('SHOW BINARY LOG STATUS');
    const [[gtids]] = await this.texts('SELECT @@GLOBAL.gtid_executed');
    return {
      gtidSet: (gtids ?? '').replaceAll('\n', ''),
      file: file ?? '',
      position: Number(position),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.connection.end();
  }
}
