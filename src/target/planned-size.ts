import type { TreeNode } from './tree-node.js';

/**
 * Of all queries in a statement together. Measured: 32,000 in 14 levels of `SELECT *, *` take a second
 * and 110 MB, 130,000 more than 20 seconds.
 */
const MOST_COLUMNS = 40_000;
/** What names of expressions stand for. Measured: 32,000 in `1 AS a, a + a AS b, …` take 3 seconds. */
const MOST_EXPANDED = 20_000;
/** Measured: 4,000 of 12 levels that are named twice each take a second, 16,000 more than 8. */
const MOST_INLINED = 1000;
/** Of a table, a view or a table function: only the catalog knows. */
const TABLE_COLUMNS = 50;

interface Query {
  readonly columns: number;
  /** Queries in it, with those of its CTEs as often as they are named. */
  readonly queries: number;
}

/** What stands in FROM. */
interface Sources extends Query {
  /** Of `t.*`. */
  readonly columnsOf: ReadonlyMap<string, number>;
}

type Scope = ReadonlyMap<string, Query>;

/**
 * Why a statement is too much to plan; null: nothing speaks against it. Some statements come to many
 * times their length while DuckDB plans them, which nothing can stop. `inlines`: a CTE may be planned
 * as often as it is named (`NOT MATERIALIZED`, of which the tree says nothing).
 */
export function judgePlannedSize(tree: TreeNode, inlines: boolean): string | null {
  const planned = new PlannedSize();
  const { queries } = planned.inside(tree, new Map());
  if (planned.columns > MOST_COLUMNS) return `it comes to more than ${MOST_COLUMNS} columns`;
  if (planned.expanded > MOST_EXPANDED) {
    return `its names of expressions stand for more than ${MOST_EXPANDED} parts of them`;
  }
  if (inlines && queries > MOST_INLINED) {
    return `it comes to more than ${MOST_INLINED} queries where its CTEs are not materialized`;
  }
  return null;
}

/** On the stack: the statement was found not to be too deep for that. */
class PlannedSize {
  columns = 0;
  expanded = 0;

  /** All queries in a part of the tree, wherever they are; columns: those of the last. */
  inside(part: unknown, scope: Scope): Query {
    if (typeof part !== 'object' || part === null) return NOTHING;
    if (isQuery(part as TreeNode)) return this.query(part as TreeNode, scope);
    let columns = 0;
    let queries = 0;
    for (const child of Object.values(part)) {
      const found = this.inside(child, scope);
      queries += found.queries;
      columns = found.columns || columns;
    }
    return { columns, queries };
  }

  private query(node: TreeNode, outer: Scope): Query {
    const { cte_map: ctes, from_table: from, select_list: list, ...rest } = node;
    const scope = this.withCtes(ctes as TreeNode | undefined, outer, node);
    const sources = this.sources(from as TreeNode | undefined, scope);
    const others = this.inside([list, ...Object.values(rest)], scope);
    // A set operation has no list, and the columns of its parts.
    const columns =
      list === undefined ? others.columns : this.listed(list as readonly TreeNode[], sources);
    this.columns += columns;
    return { columns, queries: 1 + sources.queries + others.queries };
  }

  private withCtes(ctes: TreeNode | undefined, outer: Scope, { cte_name: own }: TreeNode): Scope {
    const scope = new Map(outer);
    // Within a recursive CTE its name stands for the rows so far.
    if (nameOf(own) !== '') scope.set(nameOf(own), UNKNOWN);
    for (const { key, value } of (ctes?.map ?? []) as readonly TreeNode[]) {
      scope.set(nameOf(key), this.inside(value, scope));
    }
    return scope;
  }

  private sources(from: TreeNode | undefined, scope: Scope): Sources {
    if (from === undefined || from.type === 'EMPTY') return { ...NOTHING, columnsOf: new Map() };
    const { left, right, ...rest } = from;
    if (from.type === 'JOIN') {
      const one = this.sources(left as TreeNode, scope);
      const other = this.sources(right as TreeNode, scope);
      return {
        columns: one.columns + other.columns,
        queries: one.queries + other.queries + this.inside(rest, scope).queries,
        columnsOf: new Map([...one.columnsOf, ...other.columnsOf]),
      };
    }
    const { columns, queries } = this.source(from, scope);
    const name = nameOf(from.alias) || nameOf(from.table_name);
    return { columns, queries, columnsOf: new Map([[name, columns]]) };
  }

  private source(from: TreeNode, scope: Scope): Query {
    const { type, table_name: table, schema_name: schema } = from;
    if (type === 'BASE_TABLE') {
      const cte = schema ? undefined : scope.get(nameOf(table));
      return cte ?? UNKNOWN;
    }
    if (type === 'SUBQUERY') return this.inside(from.subquery, scope);
    if (type !== 'PIVOT') return { ...this.inside(from, scope), columns: TABLE_COLUMNS };
    const { columns, queries } = this.sources(from.source as TreeNode, scope);
    return { columns: columns + pivoted(from), queries };
  }

  private listed(list: readonly TreeNode[], sources: Sources): number {
    const sizes = new Map<string, number>();
    let columns = 0;
    for (const item of list) {
      columns += starred(item, sources);
      const size = this.sizeOf(item, sizes);
      if (nameOf(item.alias) !== '') sizes.set(nameOf(item.alias), size);
    }
    return columns;
  }

  /** Its parts, with those of the names in it, which are planned again wherever they are named. */
  private sizeOf(part: unknown, sizes: ReadonlyMap<string, number>): number {
    if (typeof part !== 'object' || part === null) return 0;
    const { class: expression, column_names: names } = part as TreeNode;
    if (expression === 'COLUMN_REF' && Array.isArray(names)) {
      const named = (names.length === 1 && sizes.get(nameOf(names[0]))) || 0;
      this.expanded += named;
      return 1 + named;
    }
    let size = expression === undefined ? 0 : 1;
    for (const child of Object.values(part)) size += this.sizeOf(child, sizes);
    return size;
  }
}

const NOTHING: Query = { columns: 0, queries: 0 };
const UNKNOWN: Query = { columns: TABLE_COLUMNS, queries: 0 };

export function isQuery({ type, class: expression }: TreeNode): boolean {
  return expression === undefined && typeof type === 'string' && type.endsWith('_NODE');
}

/** As names are compared. */
function nameOf(value: unknown): string {
  return typeof value === 'string' ? value.toLowerCase() : '';
}

/** How many columns an item of a list comes to. */
function starred(item: TreeNode, { columns, columnsOf }: Sources): number {
  if (item.class !== 'STAR') return hasStar(item) ? columns : 1;
  const relation = nameOf(item.relation_name);
  return relation === '' ? columns : (columnsOf.get(relation) ?? TABLE_COLUMNS);
}

/** `COLUMNS(*)`, which makes the item one for each column. */
function hasStar(part: unknown): boolean {
  if (typeof part !== 'object' || part === null || isQuery(part as TreeNode)) return false;
  return (part as TreeNode).class === 'STAR' || Object.values(part).some(hasStar);
}

/** Each combination of what is pivoted has a column for each aggregate. */
function pivoted({ pivots, aggregates }: TreeNode): number {
  let columns = Math.max(1, (aggregates as readonly unknown[] | undefined)?.length ?? 0);
  for (const { entries } of (pivots ?? []) as readonly TreeNode[]) {
    columns *= Math.max(1, (entries as readonly unknown[] | undefined)?.length ?? 0);
  }
  return columns;
}
