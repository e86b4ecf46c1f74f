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
    `SELECT table_name, column_name, data_type, column_type, character_set_name,
            numeric_precision, numeric_scale
       FROM information_schema.columns WHERE table_schema = DATABASE()
      ORDER BY table_name, ordinal_position`,
  );
  const keys = await query(
    `SELECT table_name, column_name FROM information_schema.statistics
      WHERE table_schema = DATABASE() AND index_name = 'PRIMARY'
      ORDER BY table_name, seq_in_index`,
  );
  const baseTables = await query(
    `SELECT table_name FROM information_schema.tables
      WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'`,
  );
  const tables = new Map<string, { name: string; columns: SourceColumn[]; key: string[] }>();
  for (const row of columns) {
    const column = describeColumn(row, jsonColumns);
    const table = tables.get(column.table) ?? { name: column.table, columns: [], key: [] };
    table.columns.push(column);
    tables.set(column.table, table);
  }
  for (const [table, column] of keys) tables.get(table ?? '')?.key.push(column ?? '');
  return baseTables.flatMap(([name]) => tables.get(name ?? '') ?? []);
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
    `SELECT table_name, constraint_name, check_clause FROM information_schema.check_constraints
      WHERE constraint_schema = DATABASE() AND check_clause LIKE 'json_valid(%'`,
  );
  // The constraint that JSON brings along bears its column's name.
  return new Set(rows.map(([table, column]) => JSON.stringify([table, column])));
}
