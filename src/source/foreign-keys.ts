import { DucktailError } from '../common/errors.js';
import { qualifiedMysqlName, quoteMysqlName, quoteMysqlText } from '../common/identifiers.js';
import {
  type ForeignKey,
  type ForeignKeyColumn,
  hasAction,
  type ReferentialAction,
} from '../model/foreign-key.js';
import type { TableSchema } from '../model/table-schema.js';
import type { MysqlEndpoint } from '../model/mysql-endpoint.js';
import { openSession, type SourceSession } from './connect.js';
import { readVariables } from './server-variables.js';

interface KeyColumnRow {
  readonly name: string;
  readonly childTable: string;
  readonly childColumn: string;
  readonly parentDatabase: string;
  readonly parentTable: string;
  readonly parentColumn: string;
}

/**
 * The foreign keys of the tables (all of one database) to whatever parent, those of a parent in the
 * order in which the server carries them out. Their actions come from SHOW CREATE TABLE: MariaDB shows INFORMATION_SCHEMA.REFERENTIAL_CONSTRAINTS only
 * to accounts that may do more than SELECT.
 */
export async function readForeignKeys(
  session: SourceSession,
  database: string,
  tables: readonly TableSchema[],
): Promise<ForeignKey[]> {
  const byName = new Map(tables.map((table) => [table.name, table]));
  const rows = await session.query<KeyColumnRow>(
    `SELECT constraint_name AS name, table_name AS childTable, column_name AS childColumn,
            referenced_table_schema AS parentDatabase, referenced_table_name AS parentTable,
            referenced_column_name AS parentColumn
       FROM information_schema.key_column_usage
      WHERE table_schema = ${quoteMysqlText(database)} AND referenced_table_name IS NOT NULL
      ORDER BY table_name, constraint_name, ordinal_position`,
  );
  const keys = new Map<string, KeyColumnRow[]>();
  for (const row of rows) {
    if (!byName.has(row.childTable)) continue;
    const id = JSON.stringify([row.childTable, row.name]);
    keys.set(id, [...(keys.get(id) ?? []), row]);
  }
  // Unset, it would leave the names bare.
  await session.query('SET SESSION sql_quote_show_create = 1');
  const actions = await readActions(session, database, rows, byName);
  const generated = await readVirtualColumns(session, database);
  return [...keys.values()]
    .map((columns): ForeignKey => {
      const [{ name, childTable, parentDatabase, parentTable }] = columns;
      const schema = byName.get(childTable);
      return {
        name,
        childTable,
        parentDatabase,
        parentTable,
        columns: columns.map((column) => describeColumn(column, schema)),
        ...actionsOf(actions, childTable, name),
        derivedColumns: derivedFrom(
          columns.map(({ childColumn }) => childColumn),
          generated.filter(({ table }) => table === childTable),
        ),
      };
    })
    .sort((a, b) => {
      const order = Number(refersToPrimary(b, byName)) - Number(refersToPrimary(a, byName));
      return order || (a.name < b.name ? -1 : 1);
    });
}

/**
 * Those among the tables (all of the endpoint's database) whose actions the binlog leaves out; null
 * where it leaves out none.
 */
export async function readUnloggedForeignKeys(
  endpoint: MysqlEndpoint,
  tables: readonly TableSchema[],
): Promise<ForeignKey[] | null> {
  await using session = await openSession(endpoint);
  if (await logsCascades(session)) return null;
  const { database } = endpoint;
  const names = new Set(tables.map(({ name }) => name));
  const keys = await readForeignKeys(session, database, tables);
  return keys.filter(
    (key) => hasAction(key) && key.parentDatabase === database && names.has(key.parentTable),
  );
}

/** InnoDB goes through a parent's indexes, the one of the rows first, and heeds the keys of each. */
function refersToPrimary(
  { parentDatabase, parentTable, columns }: ForeignKey,
  tables: ReadonlyMap<string, TableSchema>,
): boolean {
  const parent = tables.get(parentTable);
  if (parent?.database !== parentDatabase || parent.key?.indexName !== 'PRIMARY') return false;
  const primary = parent.key.columns;
  return columns.every((column, at) => column.parent === primary[at]);
}

const CASCADES_BY_ENGINE = 'innodb_native_foreign_keys';

/** Whether the binlog has the rows that foreign keys change: since MySQL 9.6, unless told not to. */
export async function logsCascades(session: SourceSession): Promise<boolean> {
  const variables = await readVariables(session, [CASCADES_BY_ENGINE]);
  return variables.get(CASCADES_BY_ENGINE) === 'OFF';
}

function actionsOf(
  actions: ReadonlyMap<string, ReadonlyMap<string, Actions>>,
  table: string,
  name: string,
): Actions {
  const found = actions.get(table)?.get(name);
  // Dropped between the two statements, or a form that is not known: never taken for harmless.
  if (found !== undefined) return found;
  throw new DucktailError('table-failed', `can't tell what the foreign key ${name} does`, {
    table,
    hint: 'Try again; where that does not help, report it with the output of SHOW CREATE TABLE.',
  });
}

function describeColumn(row: KeyColumnRow, schema: TableSchema | undefined): ForeignKeyColumn {
  const column = schema?.columns.find(({ name }) => name === row.childColumn);
  return {
    child: row.childColumn,
    parent: row.parentColumn,
    collation: column?.collation ?? null,
  };
}

interface VirtualColumn {
  readonly table: string;
  readonly name: string;
  readonly expression: string;
}

function readVirtualColumns(session: SourceSession, database: string): Promise<VirtualColumn[]> {
  return session.query<VirtualColumn>(
    `SELECT table_name AS \`table\`, column_name AS name, generation_expression AS expression
       FROM information_schema.columns
      WHERE table_schema = ${quoteMysqlText(database)} AND extra LIKE '%VIRTUAL GENERATED%'
      ORDER BY table_name, ordinal_position`,
  );
}

/** In expressions the server quotes every name. A column may refer to others before it. */
function derivedFrom(columns: readonly string[], generated: readonly VirtualColumn[]): string[] {
  const derived: string[] = [];
  for (const { name, expression } of generated) {
    const uses = [...columns, ...derived].some((used) => expression.includes(quoteMysqlName(used)));
    if (uses) derived.push(name);
  }
  return derived;
}

type Actions = Pick<ForeignKey, 'onDelete' | 'onUpdate'>;

async function readActions(
  session: SourceSession,
  database: string,
  rows: readonly KeyColumnRow[],
  wanted: ReadonlyMap<string, TableSchema>,
): Promise<Map<string, Map<string, Actions>>> {
  const children = [...new Set(rows.map(({ childTable }) => childTable))];
  const found = new Map<string, Map<string, Actions>>();
  for (const child of children.filter((name) => wanted.has(name))) {
    const [row] = await session.query<{ 'Create Table': string }>(
      `SHOW CREATE TABLE ${qualifiedMysqlName(database, child)}`,
    );
    found.set(child, parseActions(row['Create Table']));
  }
  return found;
}

const NAME = '`((?:[^`]|``)+)`';
const NAMES = `\\((?:${NAME}(?:, )?)+\\)`;
/** At the beginning of a line, which comments and defaults can't hold: their line ends are escaped. */
const CONSTRAINT = new RegExp(
  `^ *CONSTRAINT ${NAME} FOREIGN KEY ${NAMES} REFERENCES (?:${NAME}\\.)?${NAME} ${NAMES}([A-Z ]*)`,
  'gm',
);

/** By the constraint's name, from what SHOW CREATE TABLE prints. */
function parseActions(createTable: string): Map<string, Actions> {
  const found = new Map<string, Actions>();
  for (const match of createTable.matchAll(CONSTRAINT)) {
    const rules = match.at(-1) ?? '';
    found.set(match[1].replaceAll('``', '`'), {
      onDelete: parseAction(rules, 'DELETE'),
      onUpdate: parseAction(rules, 'UPDATE'),
    });
  }
  return found;
}

function parseAction(rules: string, event: 'DELETE' | 'UPDATE'): ReferentialAction {
  if (rules.includes(`ON ${event} CASCADE`)) return 'cascade';
  return rules.includes(`ON ${event} SET NULL`) ? 'set-null' : null;
}
