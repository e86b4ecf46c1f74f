import { formatXid } from '../model/xid.js';
import { classifyStatement } from './binlog/statements.js';
import type { SourceSession } from './connect.js';

interface RecoverRow {
  readonly formatID: string | number;
  readonly gtrid_length: string | number;
  readonly bqual_length: string | number;
  /** MySQL: both parts as one hexadecimal number; MariaDB: as the binlog has it. */
  readonly data: string;
}

/** The XA transactions that are prepared, as the binlog names them; null: the account may not know. */
export async function readPreparedXids(session: SourceSession): Promise<string[] | null> {
  const statement = session.isMariaDb ? "XA RECOVER FORMAT = 'SQL'" : 'XA RECOVER CONVERT XID';
  let rows: RecoverRow[];
  try {
    rows = await session.query<RecoverRow>(statement);
  } catch (error) {
    if ((error as { code?: unknown }).code === 'source-unavailable') throw error;
    return null;
  }
  return rows.map(({ formatID, gtrid_length, bqual_length, data }) => {
    if (session.isMariaDb) {
      const statement = classifyStatement(`XA COMMIT ${data}`);
      return statement.kind === 'xa-commit' ? statement.xid : data;
    }
    const branchAt = 2 + 2 * Number(gtrid_length);
    const end = branchAt + 2 * Number(bqual_length);
    return formatXid(data.slice(2, branchAt), data.slice(branchAt, end), formatID);
  });
}
