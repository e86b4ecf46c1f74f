import { DucktailError } from '../common/errors.js';
import { qualifiedMysqlName } from '../common/identifiers.js';
import type { TableSchema } from '../model/table-schema.js';
import type { SourceSession } from './connect.js';

export const TABLE_DENIED = 1142;
const COLUMN_DENIED = 1143;

/** The tables that the account may not read, or of which only some columns. Reads no row. */
export async function deniedTables(
  session: SourceSession,
  tables: readonly TableSchema[],
): Promise<TableSchema[]> {
  const denied: TableSchema[] = [];
  for (const table of tables) {
    const name = qualifiedMysqlName(table.database, table.name);
    const number = await tryStatement(session, `SELECT * FROM ${name} LIMIT 0`);
    if (number === TABLE_DENIED || number === COLUMN_DENIED) denied.push(table);
  }
  return denied;
}

/** The number of the server's error, null for success. Throws what is not the server's answer. */
export async function tryStatement(session: SourceSession, sql: string): Promise<number | null> {
  try {
    await session.query(sql);
    return null;
  } catch (error) {
    if (!(error instanceof DucktailError) || error.code === 'source-unavailable') throw error;
    const { errno } = (error.cause ?? {}) as { errno?: number };
    if (errno === undefined) throw error;
    return errno;
  }
}
