import { quoteDuckdbText } from '../common/identifiers.js';
import type { Database } from '../target/database.js';
import type { RowQuery } from './tables.js';

/** Within the caller's transaction: events of a prepared transaction, from its `firstSeq`th on. */
export async function parkEvents(
  database: Database,
  xid: string,
  firstSeq: number,
  events: readonly Uint8Array[],
): Promise<void> {
  if (events.length === 0) return;
  const values = events.map(() => '(?, ?, from_base64(?))').join(', ');
  await database.run(
    `INSERT INTO _ducktail.parked_transactions VALUES ${values}`,
    events.flatMap((event, at) => [xid, firstSeq + at, Buffer.from(event).toString('base64')]),
  );
}

/** The events of a prepared transaction in their order, from `firstSeq` on, `limit` at most. */
export async function readParkedEvents(
  query: RowQuery,
  xid: string,
  firstSeq: number,
  limit: number,
): Promise<Uint8Array[]> {
  const rows = await query(
    `SELECT base64(event) AS event FROM _ducktail.parked_transactions
      WHERE xid = ${quoteDuckdbText(xid)} AND seq >= ${firstSeq} ORDER BY seq LIMIT ${limit}`,
  );
  return rows.map(({ event }) => Buffer.from(String(event), 'base64'));
}

/** The prepared transactions that are parked. */
export async function readParkedXids(query: RowQuery): Promise<Set<string>> {
  const rows = await query('SELECT DISTINCT xid FROM _ducktail.parked_transactions');
  return new Set(rows.map(({ xid }) => String(xid)));
}

/** Within the caller's transaction: the prepared transaction was committed or rolled back. */
export async function forgetParkedEvents(database: Database, xid: string): Promise<void> {
  await database.run('DELETE FROM _ducktail.parked_transactions WHERE xid = ?', [xid]);
}
