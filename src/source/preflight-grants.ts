import { randomUUID } from 'node:crypto';
import { quoteMysqlName } from '../common/identifiers.js';
import { blocker, type Finding, ok, warning } from '../model/finding.js';
import type { TableSchema } from '../model/table-schema.js';
import type { SourceSession } from './connect.js';
import { deniedTables, tryStatement } from './denied-tables.js';
import { listNames } from './preflight-tables.js';
import { mayReplicate } from './replication-grant.js';

interface GrantSubject {
  readonly database: string;
  /** As GRANT takes it: `'user'@'host'`. */
  readonly account: string;
}

const DATABASE_DENIED = 1044;
const NO_SUCH_TABLE = 1146;

/** Whether all columns of the tables may be read: a grant on some columns is not enough. */
export async function selectFinding(
  session: SourceSession,
  { database, account, tables }: GrantSubject & { readonly tables: readonly TableSchema[] },
): Promise<Finding> {
  const everything = `${quoteMysqlName(database)}.*`;
  const remedy = `GRANT SELECT ON ${everything} TO ${account};`;
  const probe = await tryStatement(session, `SELECT * FROM ${missingTable(database)}`);
  if (probe === NO_SUCH_TABLE) return ok(`SELECT is granted on ${everything}`);
  if (tables.length === 0) {
    return blocker(`SELECT is missing on ${everything}: no table can be read`, remedy);
  }
  const denied = (await deniedTables(session, tables)).map(({ name }) => name);
  if (denied.length > 0) {
    return blocker(
      `SELECT is missing on ${denied.length} of ${tables.length} tables: ${listNames(denied)}`,
      `${remedy} Or leave them out with EXCLUDE_TABLES.`,
    );
  }
  return warning('SELECT is granted on single tables only: others are not seen', remedy);
}

/**
 * Whether readers can work in parallel: the snapshots that they share are opened under a lock.
 * `needs`: for CDC, which meets the copies without a lock otherwise, by GTIDs where there are any;
 * null where it is not wanted.
 */
export async function lockFinding(
  session: SourceSession,
  { database, account, needs }: GrantSubject & { readonly needs: 'gtids' | 'lock' | null },
): Promise<Finding> {
  const everything = `${quoteMysqlName(database)}.*`;
  const number = await tryStatement(session, `LOCK TABLES ${missingTable(database)} READ`);
  if (number !== DATABASE_DENIED) return ok(`LOCK TABLES is granted on ${everything}`);
  const what = `LOCK TABLES is missing on ${everything}: a sync works, but with one reader instead of several`;
  const remedy = `GRANT LOCK TABLES ON ${everything} TO ${account};`;
  switch (needs) {
    case null:
      return warning(`${what}, and the binlog position is not recorded`, remedy);
    case 'lock':
      return blocker(`${what}; without GTIDs CDC can't start`, remedy);
    case 'gtids':
      return warning(`${what}, and ${copyWithoutLock(session)}`, remedy);
  }
}

/** What has to be so for CDC to go on from a copy that writers were not locked out of. */
function copyWithoutLock({ isMariaDb }: SourceSession): string {
  return isMariaDb
    ? 'CDC copies tables beside the stream, from the position that the server tells of the snapshot'
    : 'CDC copies tables beside the stream and goes over what was written meanwhile by its GTIDs, ' +
        'which takes a key: tables without one are left out';
}

/** Whether the account may read the binlog. */
export async function replicationFinding(
  session: SourceSession,
  account: string,
): Promise<Finding> {
  if (await mayReplicate(session)) return ok('REPLICATION SLAVE is granted');
  return blocker(
    'REPLICATION SLAVE is missing: the binlog can be read by nobody without it',
    `GRANT REPLICATION SLAVE ON *.* TO ${account};`,
  );
}

/** On a table that does not exist, the server checks privileges first, and takes no lock. */
function missingTable(database: string): string {
  return `${quoteMysqlName(database)}.${quoteMysqlName(`ducktail_${randomUUID()}`)}`;
}
