import { DucktailError } from '../common/errors.js';
import type { TablePlan } from '../model/column-plan.js';
import { quoteDuckdbText } from '../common/identifiers.js';
import type { ReplicaRows } from '../compare/digests.js';
import { planTypeName } from '../target/ddl.js';

/** Why the rows can't be compared: the replica has no such table, or one of other columns. */
export async function schemaDifference(
  replica: ReplicaRows,
  targetSchema: string,
  { schema, columns }: TablePlan,
): Promise<DucktailError | null> {
  const rows = await replica.rows(
    `SELECT column_name AS name, data_type AS type FROM duckdb_columns()
      WHERE database_name = current_database() AND schema_name = ${quoteDuckdbText(targetSchema)}
        AND table_name = ${quoteDuckdbText(schema.name)}`,
  );
  const found = new Map(rows.map(({ name, type }) => [String(name), planTypeName(String(type))]));
  const problems = [
    ...columns.flatMap(({ name, duckdbType }) => {
      const type = found.get(name);
      if (type === undefined) return [`has no column '${name}'`];
      return type === duckdbType ? [] : [`has '${name}' as ${type} instead of ${duckdbType}`];
    }),
    ...[...found.keys()]
      .filter((name) => columns.every((column) => column.name !== name))
      .map((name) => `has a column '${name}' that the source has not`),
  ];
  if (problems.length === 0) return null;
  const message =
    rows.length === 0
      ? `the table '${schema.name}' is not in the replica`
      : `the replica's table '${schema.name}' ${problems.join(', ')}`;
  return new DucktailError('needs-full-sync', message, {
    table: schema.name,
    hint: `Run \`ducktail sync --full ${schema.name}\`.`,
  });
}
