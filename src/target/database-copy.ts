import { DucktailError } from '../common/errors.js';
import { quoteDuckdbName, quoteDuckdbText } from '../common/identifiers.js';
import type { Database, Row } from './database.js';

interface CopiedTable {
  readonly schema: string;
  readonly name: string;
  readonly hasGeneratedColumns: boolean;
}

/**
 * Copies all that is in the file into the attached database, which is empty: for the holder of the
 * writer. Definitions first, then the rows, table by table: DuckDB's own COPY FROM DATABASE takes
 * tables by their names, also where one refers to rows of a later one.
 */
export async function copyDatabase(database: Database, alias: string): Promise<void> {
  const { catalog } = database;
  await database.run(`COPY FROM DATABASE ${quoteDuckdbName(catalog)} TO ${alias} (SCHEMA)`);
  for (const table of await tablesInOrder(database)) {
    const columns = await storedColumns(database, alias, table);
    const [to, from] = [alias, quoteDuckdbName(catalog)].map(
      (file) => `${file}.${quoteDuckdbName(table.schema)}.${quoteDuckdbName(table.name)}`,
    );
    await database.run(`INSERT INTO ${to} (${columns}) SELECT ${columns} FROM ${from}`);
  }
}

/** What the catalogs of the two have not alike, in words; empty where there is nothing. */
export async function definitionDifferences(database: Database, alias: string): Promise<string[]> {
  const [expected, found] = [
    await definitions(database, database.catalog),
    await definitions(database, alias),
  ];
  return [...expected]
    .filter((definition) => !found.has(definition))
    .map((definition) => `it lacks ${definition}`);
}

/** Whoever refers to another one's rows comes after it. */
async function tablesInOrder(database: Database): Promise<CopiedTable[]> {
  const rows = await database.rows(
    `SELECT schema_name, table_name, contains(sql, 'GENERATED ALWAYS AS') AS is_generated
       FROM duckdb_tables() WHERE ${isIn(database.catalog)} AND NOT temporary ORDER BY table_oid`,
  );
  const references = await readReferences(database);
  let waiting = rows.map((row) => ({
    schema: String(row.schema_name),
    name: String(row.table_name),
    hasGeneratedColumns: row.is_generated === true,
  }));
  const ordered: CopiedTable[] = [];
  while (waiting.length > 0) {
    const names = new Set(waiting.map(keyOf));
    const waits = (table: CopiedTable): boolean =>
      references.some(({ from, to }) => from === keyOf(table) && names.has(to));
    const ready = waiting.filter((table) => !waits(table));
    if (ready.length === 0) throw refersToItself(waiting[0]);
    ordered.push(...ready);
    waiting = waiting.filter(waits);
  }
  return ordered;
}

/** Foreign keys, which stay within a schema. */
async function readReferences(database: Database): Promise<{ from: string; to: string }[]> {
  const rows = await database.rows(
    `SELECT schema_name, table_name, referenced_table FROM duckdb_constraints()
      WHERE ${isIn(database.catalog)} AND constraint_type = 'FOREIGN KEY'`,
  );
  return rows.map(({ schema_name, table_name, referenced_table }) => ({
    from: keyOf({ schema: String(schema_name), name: String(table_name) }),
    to: keyOf({ schema: String(schema_name), name: String(referenced_table) }),
  }));
}

/** Those that aren't computed: DuckDB refuses rows with the others. */
async function storedColumns(
  database: Database,
  alias: string,
  { schema, name, hasGeneratedColumns }: CopiedTable,
): Promise<string> {
  const rows = await database.rows(
    `SELECT column_name, column_default IS NOT NULL AS may_be_computed FROM duckdb_columns()
      WHERE ${isIn(database.catalog)} AND schema_name = ${quoteDuckdbText(schema)}
        AND table_name = ${quoteDuckdbText(name)} ORDER BY column_index`,
  );
  const columns: string[] = [];
  for (const { column_name, may_be_computed } of rows) {
    const column = quoteDuckdbName(String(column_name));
    const table = `${alias}.${quoteDuckdbName(schema)}.${quoteDuckdbName(name)}`;
    const isStored =
      !hasGeneratedColumns ||
      may_be_computed !== true ||
      (await isTaken(database, `EXPLAIN INSERT INTO ${table} (${column}) SELECT NULL`));
    if (isStored) columns.push(column);
  }
  return columns.join(', ');
}

/** The catalog does not say which columns are computed; the binder does. */
async function isTaken(database: Database, sql: string): Promise<boolean> {
  try {
    await database.run(sql);
    return true;
  } catch (error) {
    if (/generated column/i.test((error as Error).message)) return false;
    throw error;
  }
}

/** What each of DuckDB's catalog functions tells of what a user has defined. */
const DEFINITIONS = [
  `SELECT 'the schema', schema_name, '', '', '' FROM duckdb_schemas() WHERE $`,
  `SELECT 'the table', schema_name, table_name, sql, comment FROM duckdb_tables()
    WHERE $ AND NOT temporary`,
  `SELECT 'the column', schema_name, table_name, column_name, comment FROM duckdb_columns() WHERE $`,
  `SELECT 'the view', schema_name, view_name, sql, comment FROM duckdb_views()
    WHERE $ AND NOT internal AND NOT temporary`,
  `SELECT 'the macro', schema_name, function_name,
          concat_ws(', ', parameters::VARCHAR, macro_definition), comment FROM duckdb_functions()
    WHERE $ AND NOT internal`,
  `SELECT 'the index', schema_name, index_name, sql, comment FROM duckdb_indexes() WHERE $`,
  `SELECT 'the sequence', schema_name, sequence_name, sql, comment FROM duckdb_sequences()
    WHERE $ AND NOT temporary`,
  `SELECT 'the type', schema_name, type_name, concat_ws(', ', logical_type, labels::VARCHAR), comment
     FROM duckdb_types() WHERE $ AND NOT internal`,
];

async function definitions(database: Database, catalog: string): Promise<Set<string>> {
  const all: Row[] = [];
  for (const sql of DEFINITIONS) {
    const named = `SELECT * FROM (${sql.replace('$', isIn(catalog))}) AS d(kind, a, b, c, comment)`;
    all.push(...(await database.rows(named)));
  }
  return new Set(
    all.map(({ kind, a, b, c, comment }) =>
      [kind, a, b, c, comment].filter((part) => part !== '' && part !== null).join(' '),
    ),
  );
}

function isIn(catalog: string): string {
  return `database_name = ${quoteDuckdbText(catalog)}`;
}

function keyOf({ schema, name }: { schema: string; name: string }): string {
  return JSON.stringify([schema, name].map((part) => part.toLowerCase()));
}

function refersToItself({ schema, name }: CopiedTable): DucktailError {
  return new DucktailError(
    'target-failed',
    `the rows of ${schema}.${name} refer to each other by a foreign key, and DuckDB can't copy that`,
    { hint: 'The replica is untouched. Make the table anew without that key, then compact again.' },
  );
}
