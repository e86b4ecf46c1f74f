/** Of what DuckDB's parser makes of a statement, as `json_serialize_sql` tells it. */
export type TreeNode = Readonly<Record<string, unknown>>;
