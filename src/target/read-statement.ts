import {
  type DuckDBConnection,
  type DuckDBPreparedStatement,
  StatementType,
} from '@duckdb/node-api';
import { DucktailError, errorMessage } from '../common/errors.js';
import { type ParameterValue, bindParameters } from './parameters.js';
import { RecentTexts } from './recent-texts.js';

/**
 * Table functions that only look at what they are given, at tables and at the catalog. Others read
 * files, change what is everyone's in this instance (logging, checkpoints, verification) or run SQL
 * that was not looked at.
 */
export const TABLE_FUNCTIONS: ReadonlySet<string> = new Set([
  'range',
  'generate_series',
  'unnest',
  'repeat',
  'repeat_row',
  'json_each',
  'json_tree',
  'summary',
  'histogram',
  'histogram_values',
  'duckdb_columns',
  'duckdb_constraints',
  'duckdb_databases',
  'duckdb_dependencies',
  'duckdb_functions',
  'duckdb_indexes',
  'duckdb_keywords',
  'duckdb_memory',
  'duckdb_schemas',
  'duckdb_sequences',
  'duckdb_settings',
  'duckdb_tables',
  'duckdb_temporary_files',
  'duckdb_types',
  'duckdb_views',
  'pragma_database_size',
  'pragma_show',
  'pragma_storage_info',
  'pragma_table_info',
  'pragma_version',
  'pg_timezone_names',
  'test_all_types',
]);

/** Scalar functions that do more than compute. */
const REFUSED_FUNCTIONS: ReadonlySet<string> = new Set([
  'currval',
  'getenv',
  'nextval',
  'read_blob',
  'read_text',
  'write_log',
]);

const EXPLAIN = /^\s*EXPLAIN\s+(?:ANALYZE\s+)?/i;

/** Texts that were looked at and found to be only reading. */
const passed = new RecentTexts(256, 4096);

/**
 * The one statement in it, ready to run, if it is one that only reads; DuckDB's own parser tells.
 * Whatever else might come of it, the transaction is read-only.
 */
export async function prepareRead(
  connection: DuckDBConnection,
  sql: string,
  values: readonly ParameterValue[],
): Promise<DuckDBPreparedStatement> {
  const statement = await prepareChecked(connection, sql);
  const { statementType } = statement;
  const isExplained = statementType === StatementType.EXPLAIN && EXPLAIN.test(sql);
  if (statementType !== StatementType.SELECT && !isExplained) {
    throw refusal(`only SELECT and EXPLAIN are answered here, no ${StatementType[statementType]}`);
  }
  passed.add(sql);
  bindParameters(statement, values);
  return statement;
}

/** What passes depends on nothing but the text: it is parsed, and no name in it looked up. */
async function prepareChecked(
  connection: DuckDBConnection,
  sql: string,
): Promise<DuckDBPreparedStatement> {
  if (passed.has(sql)) return connection.prepare(sql);
  const statements = await extract(connection, sql);
  if (statements.count !== 1) {
    throw refusal(`one statement at a time, and there are ${statements.count}`);
  }
  // PRAGMAs become SELECTs when they are prepared: only the tree tells them apart.
  await requireKnownFunctions(connection, sql);
  return statements.prepare(0);
}

async function extract(connection: DuckDBConnection, sql: string) {
  try {
    return await connection.extractStatements(sql);
  } catch (error) {
    // All that node-api says of SQL without a statement.
    if (errorMessage(error) !== 'Error in native callback') throw error;
    throw new DucktailError('query-failed', 'there is no statement in it', { cause: error });
  }
}

/** Throws where the statement is no SELECT, or calls a function that it may not. */
async function requireKnownFunctions(connection: DuckDBConnection, sql: string): Promise<void> {
  const tree = await parseTree(connection, sql.replace(EXPLAIN, ''));
  const name = findRefusedFunction(tree);
  if (name !== null) throw refusal(`the function ${name} may not be called here`);
}

interface ParseTree {
  readonly error: boolean;
  readonly error_message?: string;
}

async function parseTree(connection: DuckDBConnection, sql: string): Promise<ParseTree> {
  const reader = await connection.runAndReadAll('SELECT json_serialize_sql(?::VARCHAR)', [sql]);
  const [[text]] = reader.getRowsJson() as [[string]];
  const tree = JSON.parse(text) as ParseTree;
  if (!tree.error) return tree;
  const isOther = /Only SELECT statements/.test(tree.error_message ?? '');
  throw refusal(
    isOther
      ? 'only SELECT and EXPLAIN of one are answered here'
      : `it can't be read: ${tree.error_message ?? ''}`,
  );
}

/** The first function in the tree that may not be called; null: there is none. */
function findRefusedFunction(tree: unknown): string | null {
  const open: unknown[] = [tree];
  while (open.length > 0) {
    const node = open.pop();
    if (typeof node !== 'object' || node === null) continue;
    const { type, function: called, function_name: name } = node as Record<string, unknown>;
    if (typeof name === 'string' && REFUSED_FUNCTIONS.has(name.toLowerCase())) return name;
    if (type === 'TABLE_FUNCTION') {
      const { function_name: table } = (called ?? {}) as { function_name?: unknown };
      const text = typeof table === 'string' ? table : '';
      if (!TABLE_FUNCTIONS.has(text.toLowerCase())) return text;
    }
    for (const child of Object.values(node)) open.push(child);
  }
  return null;
}

function refusal(message: string): DucktailError {
  return new DucktailError('query-failed', message);
}
