import { type Finding, ok, warning } from '../model/finding.js';
import type { SourceSession } from './connect.js';
import { tryStatement } from './denied-tables.js';
import { listNames } from './preflight-tables.js';

/** With any of them a session can change for itself what it writes to the binlog, and whether. */
const OVERRIDING = ['SUPER', 'SYSTEM_VARIABLES_ADMIN', 'SESSION_VARIABLES_ADMIN', 'BINLOG ADMIN'];
/** Those that a server comes with, on whichever host. */
const BUILT_IN = ['root', 'mysql', 'mysql.session', 'mysql.sys', 'mysql.infoschema', 'mariadb.sys'];

/**
 * What sessions do or can do to their own binlog, as far as this account may know: that of others is
 * for those who may read the databases `mysql` and `performance_schema`.
 */
export async function sessionFindings(session: SourceSession): Promise<Finding[]> {
  return [...(await accountFindings(session)), ...(await openSessionFindings(session))];
}

async function accountFindings(session: SourceSession): Promise<Finding[]> {
  if ((await tryStatement(session, 'SELECT 1 FROM mysql.user LIMIT 0')) !== null) return [];
  const list = OVERRIDING.map((name) => `'${name}'`).join(', ');
  const rows = await session.query<{ grantee: string }>(
    `SELECT DISTINCT grantee AS grantee FROM information_schema.user_privileges
      WHERE privilege_type IN (${list}) ORDER BY grantee`,
  );
  const accounts = rows.map(({ grantee }) => grantee).filter((grantee) => !isBuiltIn(grantee));
  if (accounts.length === 0)
    return [ok('only accounts of the server itself may bypass the binlog')];
  return [
    warning(
      'these accounts may leave their changes out of the binlog (sql_log_bin = 0), or write them ' +
        `as statements (binlog_format): ${listNames(accounts)}`,
      `REVOKE ${OVERRIDING.slice(0, -1).join(', ')} ON *.* FROM …; or BINLOG ADMIN on MariaDB, ` +
        'where they need it for nothing else; `ducktail verify` finds what was left out.',
    ),
  ];
}

function isBuiltIn(grantee: string): boolean {
  return BUILT_IN.some((name) => grantee.startsWith(`'${name}'@`));
}

/** What a session's own setting has to be, lest its changes be missing. */
const NEEDED = { binlog_format: 'ROW', binlog_row_image: 'FULL', sql_log_bin: 'ON' };

/** Sessions that were open when a setting was changed for all keep the old one. MySQL alone tells. */
async function openSessionFindings(session: SourceSession): Promise<Finding[]> {
  const wrong = Object.entries(NEEDED)
    .map(([name, value]) => `(variable_name = '${name}' AND variable_value <> '${value}')`)
    .join(' OR ');
  const sql = `SELECT t.processlist_id AS id, t.processlist_user AS user,
            GROUP_CONCAT(v.variable_name, ' = ', v.variable_value ORDER BY 1 SEPARATOR ', ') AS own
       FROM performance_schema.variables_by_thread AS v
       JOIN performance_schema.threads AS t USING (thread_id)
      WHERE ${wrong} GROUP BY 1, 2 ORDER BY 1`;
  if (session.isMariaDb || (await tryStatement(session, sql)) !== null) return [];
  const rows = await session.query<{ id: string | null; user: string | null; own: string }>(sql);
  const sessions = rows
    .filter(({ id }) => id !== null)
    .map(({ id, user, own }) => `${id} of ${user ?? 'nobody'} (${own})`);
  if (sessions.length === 0) return [];
  return [
    warning(
      `these open sessions write to the binlog what CDC can't follow, or nothing: ${listNames(sessions)}`,
      `KILL ${rows.find(({ id }) => id !== null)?.id}; and so on, or let their programs connect anew.`,
    ),
  ];
}
