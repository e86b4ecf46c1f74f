import type { Connection, ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import { insertRows, writeSource } from './bench-source.js';
import { loadedAt, mainValues } from './bench-table.js';

/** Rows that one statement changes: no more than these get the same watermark. */
const STATEMENT_ROWS = 10_000;
/** One row in so many is among the scattered ones: half a percent of the table. */
const SCATTER = 200;
/** One in so many of the changes is a new row. */
const INSERTED_SHARE = 10;

/** What a run has to bring over. */
export interface SourceChanges {
  readonly inserted: number;
  readonly updated: number;
}

/**
 * Changes 1 % of the rows: half of them scattered over the table, half at its end, of which some are
 * new. `round` says which of the scattered ones.
 */
export function changePercent(databaseUrl: string, round: number): Promise<SourceChanges> {
  return writeSource(databaseUrl, async (connection) => {
    const { rows, lastId } = await tableSize(connection);
    const changes = Math.floor(rows / 100);
    const inserted = Math.floor(changes / INSERTED_SHARE);
    const firstRecent = lastId - (Math.floor(changes / 2) - inserted) + 1;
    const scattered = await change(
      connection,
      `id < ${firstRecent} AND id % ${SCATTER} = ${round % SCATTER}`,
    );
    const recent = await changeRange(connection, firstRecent, lastId);
    await insertRows(connection, mainValues('NOW(6)'), lastId + 1, lastId + inserted);
    return { inserted, updated: scattered + recent };
  });
}

/** Changes the last `count` rows. */
export function changeRecent(databaseUrl: string, count: number): Promise<SourceChanges> {
  return writeSource(databaseUrl, async (connection) => {
    const { lastId } = await tableSize(connection);
    return { inserted: 0, updated: await changeRange(connection, lastId - count + 1, lastId) };
  });
}

/**
 * Dates what a round changed back. Else the next round's lookback would read the rows of this one
 * again, which come within a minute here and spread over more than that elsewhere.
 */
export function ageChanges(databaseUrl: string): Promise<void> {
  return writeSource(databaseUrl, async (connection) => {
    await connection.query(
      `UPDATE items SET updated_at = ${loadedAt('id')} WHERE updated_at > NOW(6) - INTERVAL 1 DAY`,
    );
  });
}

async function changeRange(connection: Connection, first: number, last: number): Promise<number> {
  let changed = 0;
  for (let from = first; from <= last; from += STATEMENT_ROWS) {
    const to = Math.min(from + STATEMENT_ROWS - 1, last);
    changed += await change(connection, `id BETWEEN ${from} AND ${to}`);
  }
  return changed;
}

async function change(connection: Connection, condition: string): Promise<number> {
  const [result] = await connection.query<ResultSetHeader>(
    `UPDATE items SET qty = (qty + 1) % 100 WHERE ${condition}`,
  );
  return result.affectedRows;
}

async function tableSize(connection: Connection): Promise<{ rows: number; lastId: number }> {
  const [rows] = await connection.query<RowDataPacket[]>(
    'SELECT COUNT(*) AS n, MAX(id) AS lastId FROM items',
  );
  return { rows: Number(rows[0].n), lastId: Number(rows[0].lastId) };
}
