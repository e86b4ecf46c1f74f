import type { Finding } from '../model/finding.js';
import type { TableSchema } from '../model/table-schema.js';
import type { SourceSession } from './connect.js';
import { sessionFindings } from './preflight-accounts.js';
import { binlogContentFindings } from './preflight-binlog.js';
import { foreignKeyFindings } from './preflight-foreign-keys.js';
import { replicationFinding } from './preflight-grants.js';
import type { ServerVersion } from './preflight-server.js';

interface CdcSubject {
  readonly version: ServerVersion;
  /** As GRANT takes it: `'user'@'host'`. */
  readonly account: string;
  readonly database: string;
  readonly tables: readonly TableSchema[];
}

/** What CDC needs beyond a sync. */
export async function cdcFindings(
  session: SourceSession,
  { version, account, database, tables }: CdcSubject,
): Promise<Finding[]> {
  return [
    await replicationFinding(session, account),
    ...(await binlogContentFindings(session, version, { database, tables })),
    ...(await sessionFindings(session)),
    ...(await foreignKeyFindings(session, database, tables)),
  ];
}
