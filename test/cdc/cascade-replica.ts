import {
  carryOutCascades,
  type CascadeCounts,
  type ChildRejections,
  referencedColumns,
} from '../../src/cdc/cascades.js';
import { quoteDuckdbName, quoteMysqlName } from '../../src/common/identifiers.js';
import { planTable } from '../../src/model/column-plan.js';
import type { ForeignKey } from '../../src/model/foreign-key.js';
import type { TableSchema } from '../../src/model/table-schema.js';
import { readCatalog } from '../../src/source/catalog.js';
import { openSession } from '../../src/source/connect.js';
import { readForeignKeys } from '../../src/source/foreign-keys.js';
import type { Database } from '../../src/target/database.js';
import { createSchema, createTable } from '../../src/target/ddl.js';
import type { TestSource, TextRow } from '../helpers/test-source.js';
import { TestAccount } from '../source/test-account.js';
import { TempDatabase } from '../target/temp-database.js';
import type { CascadeCase } from './cascade-cases.js';

const SCHEMA = 'copy "1"';
const TYPES = { tinyint1As: 'boolean', timeAs: 'time', timestampAs: 'timestamp' } as const;

const NO_REJECTIONS: ChildRejections = {
  forgetRows: () => Promise.resolve([]),
  moveRows: () => [],
};

/** What of a case tells the statement. */
export type ParentStatement = Pick<CascadeCase, 'parent' | 'where' | 'set'>;

function nameIn(table: string): string {
  return [SCHEMA, table].map(quoteDuckdbName).join('.');
}

/** The table's rows in the order of `id`, as texts. */
export async function sourceRows(source: TestSource, table: string): Promise<TextRow[]> {
  return source.texts(`SELECT * FROM ${quoteMysqlName(table)} ORDER BY id`);
}

export async function replicaRows(database: Database, table: string): Promise<TextRow[]> {
  const rows = await database.rows(
    `SELECT COLUMNS(*)::VARCHAR FROM ${nameIn(table)} ORDER BY id::INTEGER`,
  );
  return rows.map((row) => Object.values(row) as TextRow);
}

async function copyTable(
  source: TestSource,
  database: Database,
  schema: TableSchema,
): Promise<void> {
  await createTable(database, SCHEMA, schema.name, planTable(schema, TYPES).columns);
  for (const row of await sourceRows(source, schema.name)) {
    const marks = row.map(() => '?').join(', ');
    await database.run(`INSERT INTO ${nameIn(schema.name)} VALUES (${marks})`, row);
  }
}

/** What the binlog would tell of the statement: the parent's own rows before and after. */
async function changeParent(
  database: Database,
  { parent, where, set }: ParentStatement,
  referenced: readonly string[],
): Promise<void> {
  const columns = referenced.flatMap((column) => {
    const old = quoteDuckdbName(column);
    const value = set?.[column] ?? old;
    return [
      `${old} AS ${quoteDuckdbName(`old_${column}`)}`,
      ...(set === null ? [] : [`${value} AS ${quoteDuckdbName(`new_${column}`)}`]),
    ];
  });
  const condition = where.replace(/ ORDER BY .*/, '');
  const list = columns.length > 0 ? columns.join(', ') : '1 AS nothing';
  await database.run(
    `CREATE TEMP TABLE changes AS SELECT ${list} FROM ${nameIn(parent)} WHERE ${condition}`,
  );
  const assignments = Object.entries(set ?? {}).map(
    ([column, value]) => `${quoteDuckdbName(column)} = ${value}`,
  );
  await database.run(
    set === null
      ? `DELETE FROM ${nameIn(parent)} WHERE ${condition}`
      : `UPDATE ${nameIn(parent)} SET ${assignments.join(', ')} WHERE ${condition}`,
  );
}

export function sourceStatement({ parent, where, set }: ParentStatement): string {
  const table = quoteMysqlName(parent);
  if (set === null) return `DELETE FROM ${table} WHERE ${where}`;
  const assignments = Object.entries(set).map(
    ([column, value]) => `${quoteMysqlName(column)} = ${value}`,
  );
  return `UPDATE ${table} SET ${assignments.join(', ')} WHERE ${where}`;
}

/** A copy of the source's tables, with the foreign keys as an account sees them that may only SELECT. */
export class CascadeReplica implements AsyncDisposable {
  private constructor(
    private readonly temp: TempDatabase,
    readonly tables: readonly TableSchema[],
    private readonly keys: readonly ForeignKey[],
  ) {}

  static async copy(source: TestSource): Promise<CascadeReplica> {
    await using account = await TestAccount.open(source, [`SELECT ON \`${source.database}\`.*`]);
    await using session = await openSession(account.endpoint);
    const tables = await readCatalog(session, source.database);
    const keys = await readForeignKeys(session, source.database, tables);
    const temp = await TempDatabase.open();
    await createSchema(temp.database, SCHEMA);
    for (const schema of tables) await copyTable(source, temp.database, schema);
    return new CascadeReplica(temp, tables, keys);
  }

  get database(): Database {
    return this.temp.database;
  }

  /** What an applier does with the statement's rows, and then the cascades, in one transaction. */
  carryOut(statement: ParentStatement): Promise<Map<string, CascadeCounts>> {
    const { database, keys } = this;
    const { parent, set } = statement;
    const kind = set === null ? 'delete' : 'update';
    return database.transaction(async () => {
      await changeParent(database, statement, referencedColumns(keys, parent, kind));
      const changes = { parent, kind, changes: 'changes' } as const;
      const counts = await carryOutCascades(database, SCHEMA, keys, changes, NO_REJECTIONS);
      await database.run('DROP TABLE changes');
      return counts;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.temp[Symbol.asyncDispose]();
  }
}
