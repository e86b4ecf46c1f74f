import { hasCode } from '../common/errors.js';
import { qualifiedMysqlName } from '../common/identifiers.js';
import { type Finding, ok, warning } from '../model/finding.js';
import { describeForeignKey, type ForeignKey, hasAction } from '../model/foreign-key.js';
import type { TableSchema } from '../model/table-schema.js';
import type { SourceSession } from './connect.js';
import { tryStatement } from './denied-tables.js';
import { logsCascades, readForeignKeys } from './foreign-keys.js';
import { listNames } from './preflight-tables.js';
import { readVariables } from './server-variables.js';

/** Foreign keys that change rows of which the binlog says nothing. */
export async function foreignKeyFindings(
  session: SourceSession,
  database: string,
  tables: readonly TableSchema[],
): Promise<Finding[]> {
  if (await logsCascades(session)) return [ok('the binlog has what foreign keys change')];
  const keys = (await readableForeignKeys(session, database, tables)).filter(hasAction);
  if (keys.length === 0) return [ok('no foreign key changes rows that the binlog leaves out')];
  const names = new Set(tables.map(({ name }) => name));
  const hasParent = ({ parentDatabase, parentTable }: ForeignKey): boolean =>
    parentDatabase === database && names.has(parentTable);
  const followed = keys.filter(hasParent);
  return [
    ...followedFindings(followed, await loggingRemedy(session)),
    ...derivedFindings(followed.filter(changesDerived)),
    ...contestedFindings(followed),
    ...collationFindings(followed.filter(comparesTexts)),
    ...orphanFindings(keys.filter((key) => !hasParent(key))),
  ];
}

/** What the account may not read is told elsewhere. */
async function readableForeignKeys(
  session: SourceSession,
  database: string,
  tables: readonly TableSchema[],
): Promise<ForeignKey[]> {
  try {
    return await readForeignKeys(session, database, tables);
  } catch (error) {
    if (hasCode(error, 'source-unavailable')) throw error;
    const readable: TableSchema[] = [];
    for (const table of tables) {
      const definition = `SHOW CREATE TABLE ${qualifiedMysqlName(database, table.name)}`;
      if ((await tryStatement(session, definition)) === null) readable.push(table);
    }
    return readForeignKeys(session, database, readable);
  }
}

async function loggingRemedy(session: SourceSession): Promise<string> {
  const variables = await readVariables(session, ['innodb_native_foreign_keys']);
  return variables.has('innodb_native_foreign_keys')
    ? 'Set innodb_native_foreign_keys = OFF in the configuration of the server, and restart it.'
    : 'Nothing needs to be done; `ducktail verify` compares. MySQL from 9.6 on logs such rows.';
}

function followedFindings(keys: readonly ForeignKey[], remedy: string): Finding[] {
  if (keys.length === 0) return [];
  return [
    warning(
      'the binlog leaves out what these foreign keys change, so CDC carries them out on the ' +
        `replica: ${listNames(keys.map(describeForeignKey))}`,
      remedy,
    ),
  ];
}

function changesDerived({ derivedColumns, onDelete, onUpdate }: ForeignKey): boolean {
  return derivedColumns.length > 0 && (onDelete === 'set-null' || onUpdate !== null);
}

function derivedFindings(keys: readonly ForeignKey[]): Finding[] {
  if (keys.length === 0) return [];
  const columns = keys.flatMap(({ childTable, derivedColumns }) =>
    derivedColumns.map((column) => `${childTable}.${column}`),
  );
  return [
    warning(
      'these generated columns change with foreign keys, to values that the binlog leaves out: ' +
        listNames([...new Set(columns)]),
      'Drop them and compute them where they are read, or compare the tables now and then: ' +
        'ducktail verify --repair',
    ),
  ];
}

/** Which of two keys is first to act on a row depends on the order in which the server meets rows. */
function contestedFindings(keys: readonly ForeignKey[]): Finding[] {
  const contested = keys.filter((key) =>
    keys.some(
      (other) =>
        other.childTable === key.childTable &&
        (other.onDelete !== key.onDelete || other.onUpdate !== key.onUpdate) &&
        other.columns.some(({ child }) => key.columns.some((column) => column.child === child)),
    ),
  );
  if (contested.length === 0) return [];
  return [
    warning(
      'these foreign keys do different things to the same columns, and where they meet CDC may ' +
        `take another order than the server: ${listNames(contested.map(describeForeignKey))}`,
      'Compare their tables now and then: ducktail verify --repair',
    ),
  ];
}

function comparesTexts({ columns }: ForeignKey): boolean {
  return columns.some(({ collation }) => collation !== null && !/_bin$|^binary$/.test(collation));
}

function collationFindings(keys: readonly ForeignKey[]): Finding[] {
  if (keys.length === 0) return [];
  return [
    warning(
      'of the collations of these foreign keys CDC knows case, accents and trailing spaces, and ' +
        `may miss rows whose key is written otherwise still: ${listNames(keys.map(describeForeignKey))}`,
      'Compare their tables now and then: ducktail verify --repair',
    ),
  ];
}

function orphanFindings(keys: readonly ForeignKey[]): Finding[] {
  if (keys.length === 0) return [];
  const parents = keys.map(({ parentDatabase, parentTable }) => `${parentDatabase}.${parentTable}`);
  return [
    warning(
      'the binlog leaves out what these foreign keys change, and their parents are not ' +
        `replicated, so the replica does not notice: ${listNames(keys.map(describeForeignKey))}`,
      `Replicate the parents too where they are in the same database (${listNames([...new Set(parents)])}), ` +
        'or compare the tables now and then: ducktail verify --repair',
    ),
  ];
}
