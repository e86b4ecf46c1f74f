import { qualifiedMysqlName, quoteDuckdbName, quoteMysqlName } from '../common/identifiers.js';
import type { TablePlan } from '../model/column-plan.js';
import { canonicalColumns } from './canonical-column.js';
import type { CanonicalColumn, CanonicalOptions } from './canonical-form.js';
import { type RowChecksum, rowChecksum } from './row-checksum.js';
import type { IntegerKey } from './partition.js';
import type { SqlPair } from './sql-pair.js';

/** What two copies of a table are compared by. */
export interface ComparedTable {
  /** Qualified names. */
  readonly from: SqlPair;
  /** Makes the source read by the key; empty without one. */
  readonly indexHint: string;
  readonly columns: readonly CanonicalColumn[];
  readonly key: readonly CanonicalColumn[];
  /**
   * What identifies a row: the key where it is one whole number, else the checksum of the key's
   * columns, or of the row where there is no key.
   */
  readonly identity: SqlPair;
  readonly integerKey: IntegerKey | null;
  /**
   * Whether rows may come twice on either side: the XOR of their checksums is then no proof, for
   * two cancel each other out.
   */
  readonly mayRepeat: boolean;
  /** Of all columns that are compared. */
  readonly checksum: RowChecksum;
}

export interface ComparedColumns extends CanonicalOptions {
  /** `key`: which rows there are. `row`: also what is in them. */
  readonly scope: 'key' | 'row';
}

const INTEGERS = new Set(['tinyint', 'smallint', 'mediumint', 'int', 'bigint']);

/** `replicaTable` is the qualified name in DuckDB. */
export function comparedTable(
  plan: TablePlan,
  replicaTable: string,
  options: ComparedColumns,
): ComparedTable {
  const { schema, keyColumns } = plan;
  const columns = canonicalColumns(plan, options);
  const key = keyColumns.map((at) => columns[at]);
  const compared = options.scope === 'key' ? key : columns;
  const checksum = rowChecksum(compared);
  const integerKey = integerKeyOf(plan);
  return {
    from: {
      source: qualifiedMysqlName(schema.database, schema.name),
      replica: replicaTable,
    },
    indexHint: schema.key === null ? '' : ` FORCE INDEX (${quoteMysqlName(schema.key.indexName)})`,
    columns,
    key,
    identity: identityOf(key, integerKey, checksum),
    integerKey,
    mayRepeat: key.length === 0 || key.some(({ numbers }) => numbers.some((one) => one.isNullable)),
    checksum,
  };
}

function identityOf(
  key: readonly CanonicalColumn[],
  integerKey: IntegerKey | null,
  checksum: RowChecksum,
): SqlPair {
  if (integerKey !== null) return plainNumber(integerKey);
  return key.length === 0 ? checksum : rowChecksum(key);
}

/** BOOLEAN has lost which number it was. */
function integerKeyOf({ schema, columns, keyColumns }: TablePlan): IntegerKey | null {
  if (keyColumns.length !== 1) return null;
  const [at] = keyColumns;
  const { name, encoding, duckdbType } = columns[at];
  if (!INTEGERS.has(schema.columns[at].dataType) || encoding.kind !== 'copy') return null;
  return {
    source: quoteMysqlName(name),
    replica: quoteDuckdbName(name),
    isUnsigned: duckdbType.startsWith('U'),
  };
}

/** Without the zeros that ZEROFILL puts before it. */
function plainNumber({ source, replica }: IntegerKey): SqlPair {
  return { source: `${source} + 0`, replica };
}
