import { isStagingTableName, quoteDuckdbText } from '../common/identifiers.js';
import type { RowQuery } from './tables.js';

export interface TableName {
  readonly schema: string;
  readonly table: string;
}

/** Tables that are Ducktail's own to change. */
export class ProtectedTables {
  private readonly names: ReadonlySet<string>;

  private constructor(
    replicated: readonly TableName[],
    private readonly schemas: readonly string[],
  ) {
    this.names = new Set(replicated.map(keyOf));
  }

  static async read(query: RowQuery): Promise<ProtectedTables> {
    const rows = await query('SELECT target_schema, table_name FROM _ducktail.tables');
    const names = rows.map(({ target_schema, table_name }) => ({
      schema: String(target_schema),
      table: String(table_name),
    }));
    return new ProtectedTables(names, [...new Set(names.map(({ schema }) => schema))]);
  }

  has({ schema, table }: TableName): boolean {
    return (
      schema.toLowerCase() === '_ducktail' ||
      isStagingTableName(table) ||
      this.names.has(keyOf({ schema, table }))
    );
  }

  /** All that the catalog says of them, as one text: the same as long as nothing was changed. */
  async describe(query: RowQuery): Promise<string> {
    const schemas = ['_ducktail', ...this.schemas].map(quoteDuckdbText).join(', ');
    const rows = await query(
      `SELECT schema_name, table_name, table_oid::VARCHAR AS id, sql, comment, index_count::INT AS indexes,
              (SELECT to_json(list(c.comment ORDER BY c.column_index))::VARCHAR FROM duckdb_columns() c
                WHERE c.table_oid = t.table_oid AND c.database_name = t.database_name) AS comments
         FROM duckdb_tables() t
        WHERE database_name = current_database() AND schema_name IN (${schemas})
        ORDER BY ALL`,
    );
    const own = rows.filter((row) =>
      this.has({ schema: String(row.schema_name), table: String(row.table_name) }),
    );
    const others = await query(
      `SELECT * FROM (
         SELECT schema_name, view_name AS name, sql FROM duckdb_views()
          WHERE database_name = current_database()
         UNION ALL SELECT schema_name, sequence_name, NULL FROM duckdb_sequences()
          WHERE database_name = current_database()
         UNION ALL SELECT schema_name, type_name, NULL FROM duckdb_types()
          WHERE database_name = current_database())
        WHERE schema_name = '_ducktail' ORDER BY ALL`,
    );
    return JSON.stringify([own, others]);
  }
}

/** DuckDB's names differ by more than case. */
function keyOf({ schema, table }: TableName): string {
  return JSON.stringify([schema.toLowerCase(), table.toLowerCase()]);
}
