/** Of the replica's file, in bytes. */
export interface FileUsage {
  readonly totalBytes: number;
  /** In blocks that hold nothing any more: DuckDB uses them again, and gives none back. */
  readonly deadBytes: number;
}

/** As of the last checkpoint. */
export async function readFileUsage(
  query: (sql: string) => Promise<Record<string, unknown>[]>,
): Promise<FileUsage> {
  const [{ block_size, total_blocks, free_blocks }] = await query(
    `SELECT block_size, total_blocks, free_blocks FROM pragma_database_size()
      WHERE database_name = current_database()`,
  );
  const blockBytes = Number(block_size);
  return {
    totalBytes: blockBytes * Number(total_blocks),
    deadBytes: blockBytes * Number(free_blocks),
  };
}
