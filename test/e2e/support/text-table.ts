import type { TestSource } from '../../helpers/test-source.js';

export interface TextTable {
  readonly name: string;
  readonly rows: number;
  /** Length of each text, a multiple of 64. */
  readonly bytes: number;
}

/** Makes a table `(id, v)` with ids from 0 on and one text of the given length in each row. */
export async function addTextTable(source: TestSource, table: TextTable): Promise<void> {
  const { name, rows, bytes } = table;
  await source.run(
    // Quicker, and nobody follows the binlog of these.
    'SET SESSION sql_log_bin = 0',
    `CREATE TABLE ${name} (id INT NOT NULL PRIMARY KEY, v LONGTEXT NOT NULL)`,
    `INSERT INTO ${name} VALUES (0, ${textOf('0', bytes)})`,
  );
  for (let have = 1; have < rows; have *= 2) {
    const id = `id + ${have}`;
    await source.run(
      `INSERT INTO ${name} SELECT ${id}, ${textOf(id, bytes)} FROM ${name}
        WHERE id < ${Math.min(have, rows - have)}`,
    );
  }
  // So that the planner sees the rows.
  await source.run(`ANALYZE TABLE ${name}`, 'SET SESSION sql_log_bin = 1');
}

function textOf(id: string, bytes: number): string {
  return `REPEAT(SHA2(${id}, 256), ${bytes / 64})`;
}
