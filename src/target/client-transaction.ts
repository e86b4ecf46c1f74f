import {
  type DuckDBConnection,
  type DuckDBPreparedStatement,
  type DuckDBResult,
  ResultReturnType,
  StatementType,
} from '@duckdb/node-api';
import { DucktailError } from '../common/errors.js';
import type { Database } from './database.js';
import { interruptOnAbort } from './interruption.js';
import { bindParameters, type ParameterValue } from './parameters.js';
import { translateQueryError } from './read-only.js';
import { changedTable } from './statement-target.js';
import { TABLE_FUNCTIONS } from './statement-tree.js';

export interface ClientStatement {
  readonly query: string;
  readonly args?: readonly ParameterValue[] | null | undefined;
}

type Query = (sql: string) => Promise<Record<string, unknown>[]>;

/** Which tables a client must leave alone. */
export interface Protection {
  has(name: { readonly schema: string; readonly table: string }): boolean;
  /** What the catalog says of them; a client's transaction may not change it. */
  describe(query: Query): Promise<string>;
}

const DML: ReadonlySet<StatementType> = new Set([
  StatementType.INSERT,
  StatementType.UPDATE,
  StatementType.DELETE,
  StatementType.MERGE_INTO,
]);

const DDL: ReadonlySet<StatementType> = new Set([
  StatementType.CREATE,
  StatementType.ALTER,
  StatementType.DROP,
]);

/** Macros are left out: what they do is only seen where they are called. So are secrets. */
const CREATABLE =
  /^\s*CREATE\s+(?:OR\s+REPLACE\s+)?(?:UNIQUE\s+)?(?:TABLE|VIEW|SCHEMA|INDEX|SEQUENCE|TYPE)\s/i;
/** Not sequences: what a replicated table owns, DuckDB may not drop with it. */
const ALTERABLE =
  /^\s*(?:ALTER\s+(?:TABLE|VIEW)|DROP\s+(?:TABLE|VIEW|SCHEMA|INDEX|SEQUENCE|TYPE))\s/i;
const COMMENT = /^\s*COMMENT\s+ON\s/i;

/**
 * Statements of a client that change tables which are not Ducktail's, as one transaction on a
 * connection of its own: the writer does not wait for it, and neither can be in the other's way,
 * because no table is changed by both. What statements do to the catalog is compared at the end,
 * before the COMMIT; which table DML changes has to be plain to see.
 */
export class ClientTransaction {
  private constructor(
    private readonly database: Database,
    private readonly connection: DuckDBConnection,
    private readonly protection: Protection,
  ) {}

  /** Resolves to how many rows were changed. Commits all of the statements or nothing. */
  static run(
    database: Database,
    statements: readonly ClientStatement[],
    readProtection: (query: Query) => Promise<Protection>,
    signal: AbortSignal,
  ): Promise<number> {
    return database.clientTransactions.run(signal, () =>
      ClientTransaction.carryOut(database, statements, readProtection, signal),
    );
  }

  private static async carryOut(
    database: Database,
    statements: readonly ClientStatement[],
    readProtection: (query: Query) => Promise<Protection>,
    signal: AbortSignal,
  ): Promise<number> {
    signal.throwIfAborted();
    const { connection, close } = await database.connectReader();
    using _interruption = interruptOnAbort(connection, signal);
    const query: Query = async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJson();
    try {
      await connection.run('BEGIN TRANSACTION');
      const protection = await readProtection(query);
      const transaction = new ClientTransaction(database, connection, protection);
      const before = await protection.describe(query);
      let rows = 0;
      for (const statement of statements) rows += await transaction.execute(statement);
      if ((await protection.describe(query)) !== before) throw isReplicated('a table');
      signal.throwIfAborted();
      await database.critical.endWriting(connection, 'COMMIT');
      return rows;
    } catch (error) {
      // Nothing of what was not committed is left.
      await database.critical.endWriting(connection, 'ROLLBACK').catch(() => undefined);
      signal.throwIfAborted();
      throw translateQueryError(error, database.path);
    } finally {
      close();
    }
  }

  private async execute({ query: sql, args }: ClientStatement): Promise<number> {
    const { connection } = this;
    const values = args ?? [];
    // DuckDB takes it for the end.
    if (sql.includes('\0')) throw refusal('there is a NUL in a statement');
    const statements = await connection.extractStatements(sql);
    if (statements.count !== 1) {
      throw refusal(`an entry holds one statement, and there are ${statements.count} in one`, {
        hint: 'DuckDB makes several of some, as of ADD COLUMN … DEFAULT with an expression.',
      });
    }
    const statement = await statements.prepare(0);
    const { statementType: type } = statement;
    if (DML.has(type)) this.requireOwnTable(sql);
    else if (!DDL.has(type) || !isPlainDdl(type, sql)) throw notTaken(type);
    bindParameters(statement, values);
    if (DML.has(type) || /\bAS\b/i.test(sql)) await this.requireKnownFunctions(sql, values);
    const result = DDL.has(type) ? await this.runDdl(statement) : await statement.run();
    // With RETURNING the rows come instead of their number.
    const hasRows = result.returnType === ResultReturnType.QUERY_RESULT && DML.has(type);
    return hasRows ? countRows(result) : result.rowsChanged;
  }

  private async runDdl(statement: DuckDBPreparedStatement): Promise<DuckDBResult> {
    const before = await this.readShadows();
    const result = await statement.run();
    await this.requireKnownViews();
    const added = (await this.readShadows()).find((name) => !before.includes(name));
    if (added === undefined) return result;
    throw refusal(`${JSON.stringify(added)} is DuckDB's own name for something else`);
  }

  private requireOwnTable(sql: string): void {
    const parts = changedTable(sql);
    if (parts === null) {
      throw refusal('the table that the statement changes is not plain to see', {
        hint: 'Begin it with INSERT INTO, UPDATE, DELETE FROM, MERGE INTO or TRUNCATE and the name.',
      });
    }
    const { catalog } = this.database;
    for (const name of readings(parts, catalog)) {
      if (this.protection.has(name)) throw isReplicated(parts.join('.'));
    }
  }

  /** What is planned shows what is called, also behind views. */
  private async requireKnownFunctions(
    sql: string,
    values: readonly ParameterValue[],
  ): Promise<void> {
    const explained = await this.connection.prepare(`EXPLAIN (FORMAT json) ${sql}`);
    bindParameters(explained, values);
    await this.requireKnownPlan(explained);
  }

  /**
   * Views of this client's transaction, for those who will read them. Each change of the catalog can
   * make one of them mean something else: where there is no such table DuckDB looks for a file.
   */
  private async requireKnownViews(): Promise<void> {
    const reader = await this.connection.runAndReadAll(
      `SELECT format('"{}"."{}"', replace(schema_name, '"', '""'), replace(view_name, '"', '""'))
         FROM duckdb_views() WHERE NOT internal AND database_name = current_database()`,
    );
    for (const [view] of reader.getRowsJson() as [string][]) {
      const explained = await this.connection
        .prepare(`EXPLAIN (FORMAT json) FROM ${view}`)
        // What it reads is gone: nobody can read the view either.
        .catch(() => null);
      if (explained !== null) await this.requireKnownPlan(explained);
    }
  }

  /** What is found before DuckDB's own: a type called JSON, a schema called as a database is. */
  private async readShadows(): Promise<string[]> {
    const reader = await this.connection.runAndReadAll(
      `SELECT type_name FROM duckdb_types()
        WHERE NOT internal AND database_name = current_database() AND lower(type_name) IN
          (SELECT lower(type_name) FROM duckdb_types() WHERE internal)
       UNION ALL SELECT schema_name FROM duckdb_schemas()
        WHERE NOT internal AND database_name = current_database() AND lower(schema_name) IN
          (SELECT lower(database_name) FROM duckdb_databases())`,
    );
    return (reader.getRowsJson() as [string][]).map(([name]) => name);
  }

  private async requireKnownPlan(explained: DuckDBPreparedStatement): Promise<void> {
    const functions = await this.connection.runAndReadAll(
      `SELECT DISTINCT upper(function_name) FROM duckdb_functions()
        WHERE function_type IN ('table', 'pragma')`,
    );
    const known = new Set((functions.getRowsJson() as [string][]).map(([name]) => name));
    const plan = await explained.runAndReadAll();
    const [[, text]] = plan.getRowsJson() as [[string, string]];
    for (const [, name] of text.matchAll(/"name": "([^"]*)"/g)) {
      const called = name.trim();
      if (!known.has(called.toUpperCase()) || OWN_OPERATORS.has(called.toUpperCase())) continue;
      if (TABLE_FUNCTIONS.has(called.toLowerCase())) continue;
      throw refusal(`the function ${called.toLowerCase()} may not be called here`);
    }
  }
}

async function countRows(result: DuckDBResult): Promise<number> {
  let rows = 0;
  for (let chunk = await result.fetchChunk(); chunk !== null; chunk = await result.fetchChunk()) {
    if (chunk.rowCount === 0) break;
    rows += chunk.rowCount;
  }
  return rows;
}

/** Operators that are called as functions are. */
const OWN_OPERATORS: ReadonlySet<string> = new Set(['SEQ_SCAN', 'UNNEST', 'RANGE']);

function isPlainDdl(type: StatementType, sql: string): boolean {
  if (type === StatementType.CREATE) return CREATABLE.test(sql);
  return ALTERABLE.test(sql) || COMMENT.test(sql);
}

/** Everything that DuckDB may take a name for. */
function readings(parts: readonly string[], catalog: string): { schema: string; table: string }[] {
  const table = parts.at(-1) ?? '';
  const [first, second] = parts;
  if (parts.length === 1) return [{ schema: 'main', table }];
  if (parts.length === 3) return [{ schema: second, table }];
  const isCatalog = first.toLowerCase() === catalog.toLowerCase();
  return [{ schema: first, table }, ...(isCatalog ? [{ schema: 'main', table }] : [])];
}

function isReplicated(what: string): DucktailError {
  return new DucktailError('query-failed', `${what} is replicated, or holds Ducktail's state`, {
    hint: 'Clients change tables of their own; the source changes the replicated ones.',
  });
}

function notTaken(type: StatementType): DucktailError {
  return refusal(
    'only INSERT, UPDATE, DELETE, MERGE INTO and TRUNCATE, and CREATE, ALTER, DROP and COMMENT ON ' +
      'tables, views, schemas, indexes, sequences and types are carried out here; this is ' +
      StatementType[type],
  );
}

function refusal(message: string, details: { hint?: string } = {}): DucktailError {
  return new DucktailError('query-failed', message, details);
}
