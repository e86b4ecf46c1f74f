import type { Flavour } from '../../servers/test-server.js';
import type { TextRow } from '../test-source.js';

export interface SourceColumn {
  readonly table: string;
  readonly name: string;
  readonly dataType: string;
  readonly columnType: string;
  readonly characterSet: string | null;
  readonly precision: number;
  readonly scale: number;
  /** MariaDB's JSON: LONGTEXT with CHECK (json_valid(column)). */
  readonly isJson: boolean;
}

export interface SourceTable {
  readonly name: string;
  readonly columns: readonly SourceColumn[];
  /** The columns of the PRIMARY KEY; empty without one. */
  readonly key: readonly string[];
}

type Query = (sql: string) => Promise<TextRow[]>;

/** The tables of the connection's database, columns in their order, as the server describes them. */
export async function readSourceLayout(query: Query, flavour: Flavour): Promise<SourceTable[]> {
  const jsonColumns = flavour === 'mariadb' ? await readJsonColumns(query) : new Set<string>();
  const columns = await query(
    `SELECT c.table_name, c.column_name, c.data_type, c.column_type, c.character_set_name,
            c.numeric_precision, c.numeric_scale
       FROM information_schema.columns c JOIN information_schema.tables t
            ON t.table_schema = c.table_schema AND t.table_name = c.table_name
      WHERE c.table_schema = DATABASE() AND t.table_type = 'BASE TABLE'
      ORDER BY c.table_name, c.ordinal_position`,
  );
  const keys = await query(
    `SELECT table_name, column_name FROM information_schema.statistics
      WHERE table_schema = DATABASE() AND index_name = 'PRIMARY'
      ORDER BY table_name, seq_in_index`,
  );
  const tables = new Map<string, { name: string; columns: SourceColumn[]; key: string[] }>();
  for (const row of columns) {
    const column = describeColumn(row, jsonColumns);
    const table = tables.get(column.table) ?? { name: column.table, columns: [], key: [] };
    table.columns.push(column);
    tables.set(column.table, table);
  }
  for (const [table, column] of keys) tables.get(table ?? '')?.key.push(column ?? '');
  return [...tables.values()];
}

function describeColumn(row: TextRow, jsonColumns: ReadonlySet<string>): SourceColumn {
  const [table, name, dataType, columnType, characterSet, precision, scale] = row;
  return {
    table: table ?? '',
    name: name ?? '',
    dataType: (dataType ?? '').toLowerCase(),
    columnType: (columnType ?? '').toLowerCase(),
    characterSet,
    precision: Number(precision),
    scale: Number(scale),
    isJson: dataType === 'json' || jsonColumns.has(JSON.stringify([table, name])),
  };
}

async function readJsonColumns(query: Query): Promise<Set<string>> {
  const rows = await query(
    `SELECT c.table_name, c.column_name FROM information_schema.columns c
       JOIN information_schema.check_constraints k
            ON k.constraint_schema = c.table_schema AND k.table_name = c.table_name
            AND k.check_clause = CONCAT('json_valid(\`', REPLACE(c.column_name, '\`', '\`\`'), '\`)')
      WHERE c.table_schema = DATABASE() AND c.data_type = 'longtext'`,
  );
  return new Set(rows.map((row) => JSON.stringify(row)));
}
