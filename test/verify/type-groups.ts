import type { Flavour } from '../servers/test-server.js';
import { type TypeCase, typeCases } from '../helpers/all-types.js';
import type { TestSource } from '../helpers/test-source.js';

/** As many as `verify` gives examples of. */
const GROUP_COLUMNS = 10;

/** A table with a column for each of some types, and in its rows their values one after the other. */
export interface TypeGroup {
  readonly table: string;
  readonly cases: readonly TypeCase[];
}

/** All types but those that the server computes or whose values need a session of their own. */
export function typeGroups(flavour: Flavour): TypeGroup[] {
  const cases = typeCases(flavour).filter(
    ({ values, session }) => values.length > 0 && session === undefined,
  );
  return Array.from({ length: Math.ceil(cases.length / GROUP_COLUMNS) }, (_, at) => ({
    table: `group_${at}`,
    cases: cases.slice(at * GROUP_COLUMNS, (at + 1) * GROUP_COLUMNS),
  }));
}

export async function createTypeGroup(source: TestSource, group: TypeGroup): Promise<void> {
  const { table, cases } = group;
  const columns = cases.map(({ name, ddl }) => `\`${name}\` ${ddl}`);
  const values = cases.map((one) => one.values.filter(({ once = false }) => !once));
  const count = Math.max(...values.map(({ length }) => length));
  const names = cases.map(({ name }) => `\`${name}\``).join(', ');
  const rows = Array.from({ length: count + 1 }, (_, row) => {
    const list = values.map((some) => some.at(row === count ? some.length : row)?.sql ?? 'NULL');
    return `(${row + 1}, ${list.join(', ')})`;
  });
  await source.run(
    `CREATE TABLE ${table} (id INT PRIMARY KEY, ${columns.join(', ')})`,
    `INSERT INTO ${table} (id, ${names}) VALUES ${rows.join(', ')}`,
  );
}
