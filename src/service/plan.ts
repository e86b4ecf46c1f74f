import { DucktailError } from '../common/errors.js';
import { planTable, type TablePlan, type TypeOptions } from '../model/column-plan.js';
import { selectsTable, type TableFilter } from '../model/table-filter.js';
import type { TableSchema } from '../model/table-schema.js';
import { readCatalog } from '../source/catalog.js';
import type { SourceSession } from '../source/connect.js';

export interface TableSelection {
  readonly database: string;
  readonly filter: TableFilter;
  /** Tables named on the command line; empty: all that the filter selects. */
  readonly names: readonly string[];
  readonly types: TypeOptions;
}

export interface SelectedTables {
  readonly plans: readonly TablePlan[];
  /** Tables that can't be replicated side by side, each with the reason. */
  readonly refused: readonly { readonly plan: TablePlan; readonly error: DucktailError }[];
}

/** The tables to sync, as the source has them now. */
export async function selectTables(
  session: SourceSession,
  selection: TableSelection,
): Promise<SelectedTables> {
  const catalog = await readCatalog(session, selection.database);
  const selected = catalog.filter((table) => isSelected(table, selection));
  requireAllNames(selection, selected);
  const refused: { plan: TablePlan; error: DucktailError }[] = [];
  const plans: TablePlan[] = [];
  const collisions = findCollisions(selected);
  for (const table of selected) {
    const plan = planTable(table, selection.types);
    const other = collisions.get(table.name);
    if (other === undefined) plans.push(plan);
    else refused.push({ plan, error: collisionError(table.name, other) });
  }
  return { plans, refused };
}

function isSelected(table: TableSchema, { names, filter }: TableSelection): boolean {
  return names.length > 0 ? names.includes(table.name) : selectsTable(filter, table.name);
}

function requireAllNames(
  { names, database }: TableSelection,
  selected: readonly TableSchema[],
): void {
  const found = new Set(selected.map((table) => table.name));
  const missing = names.filter((name) => !found.has(name));
  if (missing.length === 0) return;
  throw new DucktailError(
    'configuration',
    `no such table in the database '${database}': ${missing.join(', ')}`,
    { hint: 'Check the spelling; table names are case-sensitive, and views are not copied.' },
  );
}

/** DuckDB compares names without case; MySQL on Linux does not. Each table with its rival. */
function findCollisions(tables: readonly TableSchema[]): Map<string, string> {
  const firsts = new Map<string, string>();
  const collisions = new Map<string, string>();
  for (const { name } of tables) {
    const folded = name.toLowerCase();
    const first = firsts.get(folded);
    if (first === undefined) firsts.set(folded, name);
    else {
      collisions.set(name, first);
      collisions.set(first, name);
    }
  }
  return collisions;
}

function collisionError(name: string, other: string): DucktailError {
  return new DucktailError(
    'table-failed',
    `the tables '${name}' and '${other}' differ only in case, and DuckDB can't tell them apart`,
    { table: name, hint: 'Leave one of them out with EXCLUDE_TABLES.' },
  );
}
