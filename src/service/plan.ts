import { DucktailError } from '../common/errors.js';
import { planTable, type TablePlan, type TypeOptions } from '../model/column-plan.js';
import { nameCollisions } from '../model/name-collisions.js';
import type { MysqlEndpoint } from '../model/mysql-endpoint.js';
import { selectsTable, type TableFilter } from '../model/table-filter.js';
import type { WatermarkRule } from '../model/watermark-rule.js';
import type { TableSchema } from '../model/table-schema.js';
import { readCatalog } from '../source/catalog.js';
import { openSession, type SourceSession } from '../source/connect.js';

export interface TableSelection {
  readonly database: string;
  readonly filter: TableFilter;
  /** Tables named on the command line; empty: all that the filter selects. */
  readonly names: readonly string[];
  readonly types: TypeOptions;
  /** What WATERMARK_COLUMNS says. */
  readonly watermarks: readonly WatermarkRule[];
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
  const catalog = await readCatalog(session, selection.database, selection.watermarks);
  const selected = catalog.filter((table) => isSelected(table, selection));
  requireAllNames(selection, selected);
  requireWatermarks(selection, catalog);
  const refused: { plan: TablePlan; error: DucktailError }[] = [];
  const plans: TablePlan[] = [];
  const collisions = nameCollisions(selected.map((table) => table.name));
  for (const table of selected) {
    const plan = planTable(table, selection.types);
    const rivals = collisions.find((names) => names.includes(table.name));
    if (rivals === undefined) plans.push(plan);
    else refused.push({ plan, error: collisionError(table.name, rivals) });
  }
  return { plans, refused };
}

/** The same on a session of its own. */
export async function readSelectedTables({
  endpoint,
  selection,
}: {
  readonly endpoint: MysqlEndpoint;
  readonly selection: TableSelection;
}): Promise<SelectedTables> {
  await using session = await openSession(endpoint);
  return await selectTables(session, selection);
}

function isSelected(table: TableSchema, { names, filter }: TableSelection): boolean {
  return names.length > 0 ? names.includes(table.name) : selectsTable(filter, table.name);
}

/** A misspelled name must not lead to another column in silence; globs may match what lacks it. */
function requireWatermarks({ watermarks }: TableSelection, catalog: readonly TableSchema[]): void {
  const wrong = watermarks
    .filter(({ tables }) => !tables.includes('*'))
    .filter(({ tables, column }) => {
      const table = catalog.find(({ name }) => name === tables);
      return table?.columns.some(({ name }) => name === column) !== true;
    })
    .map(({ tables, column }) => `${tables}.${column}`);
  if (wrong.length === 0) return;
  throw new DucktailError(
    'configuration',
    `WATERMARK_COLUMNS names what is not there: ${wrong.join(', ')}`,
    { hint: 'Check the spelling of table and column; case counts in the names of tables.' },
  );
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

function collisionError(table: string, rivals: readonly string[]): DucktailError {
  const names = rivals.map((name) => `'${name}'`).join(' and ');
  return new DucktailError(
    'table-failed',
    `the tables ${names} differ only in case, and DuckDB can't tell them apart`,
    { table, hint: 'Leave all but one of them out with EXCLUDE_TABLES.' },
  );
}
