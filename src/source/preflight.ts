import { quoteMysqlText } from '../common/identifiers.js';
import { blocker, type Finding, warning } from '../model/finding.js';
import type { TableSchema } from '../model/table-schema.js';
import type { SourceSession } from './connect.js';
import { readCurrentAccount } from './current-account.js';
import { cdcFindings } from './preflight-cdc.js';
import { lockFinding, selectFinding } from './preflight-grants.js';
import { binlogFindings, hasGtids, readServerVersion, versionFinding } from './preflight-server.js';
import { readTransactionalEngines, tableFindings } from './preflight-tables.js';

/**
 * What speaks for and against a full sync of the tables, and against CDC: where that is not wanted
 * it is told, and blocks nothing. All of it, in the order in which it is to be mended.
 * Changes nothing and locks nothing: privileges are found by trying them on a table that does not
 * exist, so that roles, wildcards and partial revokes count as the server counts them. Throws
 * `source-unavailable` when the connection breaks.
 */
export async function runPreflight(
  session: SourceSession,
  database: string,
  tables: readonly TableSchema[],
  { cdc }: { readonly cdc: boolean },
): Promise<Finding[]> {
  const version = await readServerVersion(session);
  const account = await readCurrentAccount(session);
  if (!(await isVisible(session, database))) {
    return [versionFinding(version), invisibleDatabase(database)];
  }
  return [
    versionFinding(version),
    await selectFinding(session, { database, tables, account }),
    await lockFinding(session, { database, account, needs: cdc ? await handOver(session) : null }),
    ...(await binlogFindings(session, version, { account, cdc })),
    ...unlessWanted(cdc, await cdcFindings(session, { version, account, database, tables })),
    ...tableFindings(tables, {
      transactionalEngines: await readTransactionalEngines(session),
      cdc,
    }),
  ];
}

/** What CDC goes by where writers can't be locked out. */
async function handOver(session: SourceSession): Promise<'gtids' | 'lock'> {
  return (await hasGtids(session)) ? 'gtids' : 'lock';
}

/** What CDC needs, as told to who does without it. */
function unlessWanted(cdc: boolean, findings: readonly Finding[]): readonly Finding[] {
  if (cdc) return findings;
  return findings
    .filter(({ level }) => level !== 'ok')
    .map(({ what, remedy }) => warning(`for CDC: ${what}`, remedy ?? ''));
}

async function isVisible(session: SourceSession, database: string): Promise<boolean> {
  const rows = await session.query(
    `SELECT 1 FROM information_schema.schemata WHERE schema_name = ${quoteMysqlText(database)}`,
  );
  return rows.length > 0;
}

function invisibleDatabase(database: string): Finding {
  return blocker(
    `there is no database '${database}', or the account may not see it`,
    'Check the path of MYSQL_URL: mysql://user:password@host:port/database.',
  );
}
