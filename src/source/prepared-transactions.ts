import { formatXid } from '../model/xid.js';
import { classifyStatement } from './binlog/statements.js';
import type { SourceSession } from './connect.js';
import { firstAllowed } from './first-allowed.js';

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
  const rows = await firstAllowed<RecoverRow>(session, [statement]);
  if (rows === null) return null;
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
