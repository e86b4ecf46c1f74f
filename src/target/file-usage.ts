import { quoteDuckdbName, quoteDuckdbText } from '../common/identifiers.js';

type Query = (sql: string) => Promise<Record<string, unknown>[]>;

/** Of the replica's file, in bytes. */
export interface FileUsage {
  readonly totalBytes: number;
  /**
   * What a rewrite would leave out: blocks that hold nothing any more, which DuckDB uses again but
   * gives back only at the file's end, and the part of removed rows in those that hold others, too.
   */
  readonly deadBytes: number;
}

/** Smaller tables don't count: their rows are in few blocks. */
const LEAST_ROWS = 10_000;

/** As of the last checkpoint. */
export async function readFileUsage(query: Query): Promise<FileUsage> {
  const [{ block_size, total_blocks, free_blocks }] = await query(
    `SELECT block_size, total_blocks, free_blocks FROM pragma_database_size()
      WHERE database_name = current_database()`,
  );
  const blockBytes = Number(block_size);
  let deadBlocks = Number(free_blocks);
  // Its estimate is of the rows that are stored, removed ones among them.
  const tables = await query(
    `SELECT database_name, schema_name, table_name, estimated_size FROM duckdb_tables()
      WHERE database_name = current_database() AND NOT temporary
        AND estimated_size >= ${LEAST_ROWS}`,
  );
  for (const { database_name, schema_name, table_name, estimated_size } of tables) {
    const table = [database_name, schema_name, table_name]
      .map((name) => quoteDuckdbName(String(name)))
      .join('.');
    const [{ n }] = await query(`SELECT count(*) AS n FROM ${table}`);
    const deadShare = 1 - Number(n) / Number(estimated_size);
    if (deadShare > 0) deadBlocks += deadShare * (await blocksOf(query, table));
  }
  return { totalBytes: blockBytes * Number(total_blocks), deadBytes: blockBytes * deadBlocks };
}

/** Those that hold only a part of the table count whole. */
async function blocksOf(query: Query, table: string): Promise<number> {
  const [{ n }] = await query(
    `SELECT count(DISTINCT block) AS n
       FROM (SELECT unnest(list_append(additional_block_ids, block_id)) AS block
               FROM pragma_storage_info(${quoteDuckdbText(table)}))
      WHERE block >= 0`,
  );
  return Number(n);
}
