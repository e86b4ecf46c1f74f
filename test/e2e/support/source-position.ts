import type { TextRow } from '../../helpers/test-source.js';
import type { Flavour } from '../../servers/test-server.js';

/** A database that can be asked. */
export interface SourceAccess {
  readonly flavour: Flavour;
  /** What `MYSQL_URL` takes. */
  readonly url: string;
  texts(sql: string): Promise<TextRow[]>;
}

/** What a checkpoint has in common with the source's own word on where it is. */
export interface GtidPosition {
  readonly gtidSet: string | null;
}

/** Everything that the source's binlog holds now. */
export async function executedGtids(source: SourceAccess): Promise<string> {
  const variable = source.flavour === 'mysql' ? 'gtid_executed' : 'gtid_binlog_pos';
  const [[gtids]] = await source.texts(`SELECT @@GLOBAL.${variable}`);
  return (gtids ?? '').replaceAll('\n', '');
}

/** Whether all transactions of `wanted` are in the position's set. */
export async function containsGtids(
  source: SourceAccess,
  position: GtidPosition,
  wanted: string,
): Promise<boolean> {
  if (position.gtidSet === null) return false;
  if (source.flavour === 'mariadb') return isBeyond(position.gtidSet, wanted);
  const [[isSubset]] = await source.texts(
    `SELECT GTID_SUBSET('${wanted}', '${position.gtidSet.replaceAll(/\s/g, '')}')`,
  );
  return isSubset === '1';
}

/** MariaDB's positions name the last transaction of each domain. */
export function isBeyond(position: string, wanted: string): boolean {
  const reached = lastByDomain(position);
  return [...lastByDomain(wanted)].every(
    ([domain, sequence]) => (reached.get(domain) ?? -1n) >= sequence,
  );
}

function lastByDomain(position: string): Map<string, bigint> {
  const gtids = position.split(',').filter((gtid) => gtid !== '');
  return new Map(
    gtids.map((gtid) => {
      const [domain, , sequence] = gtid.trim().split('-');
      return [domain, BigInt(sequence)];
    }),
  );
}
