import { isQuery, judgePlannedSize } from './planned-size.js';
import type { TreeNode } from './tree-node.js';
import { judgeValueSize } from './value-size.js';

/** What DuckDB's parser makes of a statement, as `json_serialize_sql` tells it. */
export interface StatementFacts {
  /** Why it may not run; null: nothing speaks against it. */
  readonly refusal: string | null;
  /** Tables whose names DuckDB could take for files where there is no such table. */
  readonly files: readonly (readonly string[])[];
}

/**
 * Table functions that only look at what they are given, at tables and at the catalog. Others read
 * files, change what is everyone's in this instance (logging, checkpoints, verification) or run SQL
 * that was not looked at.
 */
export const TABLE_FUNCTIONS: ReadonlySet<string> = new Set([
  'range',
  'generate_series',
  'unnest',
  'repeat',
  'repeat_row',
  'json_each',
  'json_tree',
  'summary',
  'histogram',
  'histogram_values',
  'duckdb_columns',
  'duckdb_constraints',
  'duckdb_databases',
  'duckdb_dependencies',
  'duckdb_functions',
  'duckdb_indexes',
  'duckdb_keywords',
  'duckdb_memory',
  'duckdb_schemas',
  'duckdb_sequences',
  'duckdb_settings',
  'duckdb_tables',
  'duckdb_temporary_files',
  'duckdb_types',
  'duckdb_views',
  'pragma_database_size',
  'pragma_show',
  'pragma_storage_info',
  'pragma_table_info',
  'pragma_version',
  'pg_timezone_names',
  'test_all_types',
]);

/** Scalar functions that do more than compute. */
const EFFECTS = ['currval', 'getenv', 'nextval', 'read_blob', 'read_text', 'write_log'];

/**
 * Functions that follow a value to any depth, on the stack: JSON of some 100,000 brackets ends the
 * whole process (DuckDB 1.5). Those of VARIANT do so before they are called: by the cast.
 */
const BOTTOMLESS = [
  'json_contains',
  'json_deserialize_sql',
  'json_group_structure',
  'json_merge_patch',
  'json_serialize_plan',
  'json_serialize_sql',
  'json_structure',
  'variant_bytes_to_variant',
  'variant_extract',
  'variant_normalize',
  'variant_to_parquet_variant',
  'variant_typeof',
];

const REFUSED_FUNCTIONS: ReadonlySet<string> = new Set([...EFFECTS, ...BOTTOMLESS]);

/** They follow what they are told the value is like, which has to be plain to see. */
const TRANSFORMS: ReadonlySet<string> = new Set([
  'from_json',
  'from_json_strict',
  'json_transform',
  'json_transform_strict',
]);
const MAX_STRUCTURE_LENGTH = 4096;

/** DuckDB plans on the stack and in memory that it does not count, and can't be stopped while it does. */
const MAX_DEPTH = 200;
const MAX_JOINS = 64;
const MAX_QUERIES = 1000;
/**
 * How often DuckDB may plan a part. Measured: of 20 subqueries, each in the one before, 5 seconds, as of
 * 14 NULLIFs or 10 BETWEENs.
 */
const MAX_COPIES = 2000;
/** They are compared with one another: 500 take a second, 1000 five. */
const MAX_ALTERNATIVES = 500;

/** How often what is in such a part is planned. */
const COPIES: Readonly<Record<string, number>> = { BETWEEN: 3, LAMBDA: 2, SUBQUERY: 2 };
/** Functions that are macros of DuckDB's, which name what they are given several times. */
const MACROS: Readonly<Record<string, number>> = {
  array_pop_back: 2,
  array_to_string: 2,
  array_to_string_comma_default: 2,
  fmod: 3,
  format_type: 2,
  json_group_array: 2,
  json_group_object: 3,
  map_contains_entry: 2,
  nullif: 2,
  round_even: 3,
  split_part: 3,
  weighted_avg: 3,
};

const FILE_MARK = /[./\\*?:[]/;
const FILE_END = /^(?:csv|tsv|parquet|json|jsonl|ndjson|gz|zst|duckdb|ddb|db|xlsx|arrow|avro)$/i;

interface Open {
  readonly value: unknown;
  readonly depth: number;
  readonly copies: number;
}

/**
 * Looks at every node; not on the stack, for the tree can be deep. `inlinesCtes`: as the text may say,
 * and the tree does not.
 */
export function judgeTree(tree: TreeNode, inlinesCtes: boolean): StatementFacts {
  const files: string[][] = [];
  let joins = 0;
  let queries = 0;
  const open: Open[] = [{ value: tree, depth: 0, copies: 1 }];
  const refused = (refusal: string): StatementFacts => ({ refusal, files: [] });
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, depth: above, copies: before } = next;
    if (typeof value !== 'object' || value === null) continue;
    const node = value as TreeNode;
    const called = refusedFunction(node);
    if (called !== null) return refused(`the function ${called} may not be called here`);
    if (node.id === 'VARIANT') return refused('the type VARIANT may not be used here');
    const isLevel = typeof node.class === 'string' || node.type === 'SELECT_NODE';
    const depth = isLevel ? above + 1 : above;
    if (depth > MAX_DEPTH) return refused(`it is nested more than ${MAX_DEPTH} levels deep`);
    if (node.type === 'JOIN' && ++joins > MAX_JOINS) {
      return refused(`it has more than ${MAX_JOINS} joins`);
    }
    if (isQuery(node) && ++queries > MAX_QUERIES) {
      return refused(`it has more than ${MAX_QUERIES} subqueries and UNIONs`);
    }
    const copies = before * copiesIn(node);
    const excess = judgeCopies(node, copies) ?? judgeValueSize(node);
    if (excess !== null) return refused(excess);
    const name = fileName(node);
    if (name !== null) files.push(name);
    for (const child of childrenOf(node)) open.push({ value: child, depth, copies });
  }
  return { refusal: judgePlannedSize(tree, inlinesCtes), files };
}

/** Table functions make rows, as many as they like. */
function childrenOf(node: TreeNode): readonly unknown[] {
  const { type, function: called, ...others } = node;
  if (type !== 'TABLE_FUNCTION') return Object.values(node);
  return [...Object.values(others), ...Object.values((called ?? {}) as TreeNode)];
}

function copiesIn({ class: expression, function_name: name }: TreeNode): number {
  if (typeof name === 'string') return MACROS[name.toLowerCase()] ?? 1;
  return COPIES[String(expression)] ?? 1;
}

function judgeCopies({ type, children }: TreeNode, copies: number): string | null {
  if (copies > MAX_COPIES) {
    return 'subqueries, lambdas, BETWEEN or NULLIF are nested too deeply in one another';
  }
  if (type !== 'CONJUNCTION_OR') return null;
  const both = (children as readonly TreeNode[]).filter(
    (child) => child.type === 'CONJUNCTION_AND',
  );
  if (both.length <= MAX_ALTERNATIVES) return null;
  return `it has more than ${MAX_ALTERNATIVES} ANDs in one OR; (a, b) IN ((1, 2), …) may be as long as it likes`;
}

/** The name of the function that the node calls and may not. */
function refusedFunction({ type, function: called, function_name: name, children }: TreeNode) {
  if (type === 'TABLE_FUNCTION') {
    const { function_name: table } = (called ?? {}) as TreeNode;
    const text = typeof table === 'string' ? table : '';
    return TABLE_FUNCTIONS.has(text.toLowerCase()) ? null : text;
  }
  if (typeof name !== 'string') return null;
  const lower = name.toLowerCase();
  if (REFUSED_FUNCTIONS.has(lower)) return name;
  return TRANSFORMS.has(lower) && !hasShortStructure(children) ? name : null;
}

function hasShortStructure(children: unknown): boolean {
  const [, structure] = children as readonly TreeNode[];
  const { value } = (structure?.value ?? {}) as TreeNode;
  return typeof value === 'string' && value.length <= MAX_STRUCTURE_LENGTH;
}

/** The parts of the name of a table that could be a file's. */
function fileName({ type, catalog_name, schema_name, table_name }: TreeNode): string[] | null {
  if (type !== 'BASE_TABLE') return null;
  const parts = [catalog_name, schema_name, table_name].filter(
    (part): part is string => typeof part === 'string' && part !== '',
  );
  const isFile = parts.some((part) => FILE_MARK.test(part)) || FILE_END.test(parts.at(-1) ?? '');
  return isFile ? parts : null;
}
