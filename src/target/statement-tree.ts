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

const FILE_MARK = /[./\\*?:[]/;
const FILE_END = /^(?:csv|tsv|parquet|json|jsonl|ndjson|gz|zst|duckdb|ddb|db|xlsx|arrow|avro)$/i;

type Node = Readonly<Record<string, unknown>>;

/** Looks at every node; not on the stack, for the tree can be deep. */
export function judgeTree(tree: unknown): StatementFacts {
  const files: string[][] = [];
  let joins = 0;
  let queries = 0;
  const open: { readonly value: unknown; readonly depth: number }[] = [{ value: tree, depth: 0 }];
  const refused = (refusal: string): StatementFacts => ({ refusal, files: [] });
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, depth: above } = next;
    if (typeof value !== 'object' || value === null) continue;
    const node = value as Node;
    const called = refusedFunction(node);
    if (called !== null) return refused(`the function ${called} may not be called here`);
    if (node.id === 'VARIANT') return refused('the type VARIANT may not be used here');
    const depth = typeof node.class === 'string' ? above + 1 : above;
    if (depth > MAX_DEPTH) return refused(`it is nested more than ${MAX_DEPTH} levels deep`);
    if (node.type === 'JOIN' && ++joins > MAX_JOINS) {
      return refused(`it has more than ${MAX_JOINS} joins`);
    }
    if (isQuery(node) && ++queries > MAX_QUERIES) {
      return refused(`it has more than ${MAX_QUERIES} subqueries and UNIONs`);
    }
    const name = fileName(node);
    if (name !== null) files.push(name);
    for (const child of Object.values(node)) open.push({ value: child, depth });
  }
  return { refusal: null, files };
}

function isQuery({ type, class: expression }: Node): boolean {
  return expression === undefined && typeof type === 'string' && type.endsWith('_NODE');
}

/** The name of the function that the node calls and may not. */
function refusedFunction({ type, function: called, function_name: name, children }: Node) {
  if (type === 'TABLE_FUNCTION') {
    const { function_name: table } = (called ?? {}) as Node;
    const text = typeof table === 'string' ? table : '';
    return TABLE_FUNCTIONS.has(text.toLowerCase()) ? null : text;
  }
  if (typeof name !== 'string') return null;
  const lower = name.toLowerCase();
  if (REFUSED_FUNCTIONS.has(lower)) return name;
  return TRANSFORMS.has(lower) && !hasShortStructure(children) ? name : null;
}

function hasShortStructure(children: unknown): boolean {
  const [, structure] = children as readonly Node[];
  const { value } = (structure?.value ?? {}) as Node;
  return typeof value === 'string' && value.length <= MAX_STRUCTURE_LENGTH;
}

/** The parts of the name of a table that could be a file's. */
function fileName({ type, catalog_name, schema_name, table_name }: Node): string[] | null {
  if (type !== 'BASE_TABLE') return null;
  const parts = [catalog_name, schema_name, table_name].filter(
    (part): part is string => typeof part === 'string' && part !== '',
  );
  const isFile = parts.some((part) => FILE_MARK.test(part)) || FILE_END.test(parts.at(-1) ?? '');
  return isFile ? parts : null;
}
