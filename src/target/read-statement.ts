import {
  type DuckDBConnection,
  type DuckDBPreparedStatement,
  StatementType,
} from '@duckdb/node-api';
import { DucktailError, errorMessage } from '../common/errors.js';
import { quoteDuckdbName } from '../common/identifiers.js';
import { type ParameterValue, bindParameters } from './parameters.js';
import { RecentTexts } from './recent-texts.js';
import { judgeTree } from './statement-tree.js';
import type { TreeNode } from './tree-node.js';

const EXPLAIN = /^\s*EXPLAIN\s+(?:ANALYZE\s+)?/i;

/** Much longer than what people write: to parse AND after AND takes the square of the length. */
const MAX_LENGTH = 256 * 1024;

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
  bindParameters(statement, values);
  return statement;
}

async function prepareChecked(
  connection: DuckDBConnection,
  sql: string,
): Promise<DuckDBPreparedStatement> {
  if (passed.has(sql)) return connection.prepare(sql);
  requireSaneText(sql);
  const statements = await extract(connection, sql);
  if (statements.count !== 1) {
    throw refusal(`one statement at a time, and there are ${statements.count}`, {
      hint: 'DuckDB makes several of some, as of PIVOT without IN (…).',
    });
  }
  // PRAGMAs become SELECTs when they are prepared: only the tree tells them apart.
  const tree = await parseTree(connection, sql.replace(EXPLAIN, ''));
  const { refusal: reason, files } = judgeTree(tree, /\bMATERIALIZED\b/i.test(sql));
  if (reason !== null) throw refusal(reason);
  for (const name of files) await requireTable(connection, name);
  const statement = await statements.prepare(0);
  // Whether it passes depends on nothing but the text then: no name in it was looked up.
  if (files.length === 0) passed.add(sql);
  return statement;
}

function requireSaneText(sql: string): void {
  if (sql.length > MAX_LENGTH) {
    throw refusal(`the statement is longer than ${MAX_LENGTH} characters`, {
      hint: 'Give it values as args.',
    });
  }
  // DuckDB's own functions take it for the end.
  if (sql.includes('\0')) throw refusal('there is a NUL in it');
}

/** Throws where there is no such table in sight: DuckDB would look for a file. */
async function requireTable(connection: DuckDBConnection, name: readonly string[]): Promise<void> {
  const [table, schema = 'main', catalog = ''] = name.toReversed();
  const reader = await connection.runAndReadAll(
    `SELECT 1 FROM (SELECT schema_name, table_name AS name FROM duckdb_tables()
                     WHERE database_name = current_database()
                     UNION ALL SELECT schema_name, view_name FROM duckdb_views()
                     WHERE database_name = current_database())
      WHERE lower(name) = lower($1)
        AND (lower(schema_name) = lower($2) AND lower($3) IN ('', lower(current_database()))
          OR schema_name = 'main' AND lower($2) = lower(current_database()) AND $3 = '') LIMIT 1`,
    [table, schema, catalog],
  );
  if (reader.currentRowCount === 0) {
    throw refusal(`there is no table ${name.map(quoteDuckdbName).join('.')}`);
  }
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

interface ParseTree extends TreeNode {
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

function refusal(message: string, details: { hint?: string } = {}): DucktailError {
  return new DucktailError('query-failed', message, details);
}
