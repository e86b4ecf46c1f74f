import type { SourceSession } from './connect.js';

/**
 * The account that the server took the session's user for, as GRANT takes it: `'user'@'host'`. It
 * can be another than the one in MYSQL_URL, and is the one whose privileges count.
 */
export async function readCurrentAccount(session: SourceSession): Promise<string> {
  const rows = await session.query<{ account: string }>('SELECT CURRENT_USER() AS account');
  const { account } = rows[0];
  const at = account.lastIndexOf('@');
  return `${quote(account.slice(0, at))}@${quote(account.slice(at + 1))}`;
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
