import { databaseOf, loadTable, writeSource } from './bench-source.js';
import { followedTable, type BenchTable } from './bench-table.js';

const TABLES = 50;
const ROWS = 1_000;

/** Many tables in one database; `table` stands for all of them in loads and checks. */
export interface SmallTables {
  readonly count: number;
  readonly rowsEach: number;
  readonly table: BenchTable;
}

export function smallTables(): SmallTables {
  const table = followedTable('small', ROWS);
  const parts = Array.from(
    { length: TABLES },
    (_, index) => `SELECT ${index + 1} AS number, id, qty, updated_at FROM ${tableName(index + 1)}`,
  );
  return {
    count: TABLES,
    rowsEach: ROWS,
    table: {
      ...table,
      relation: `(${parts.join(' UNION ALL ')}) AS copies`,
      checks:
        'COUNT(*), COUNT(DISTINCT number), SUM(id), SUM(number * qty), MIN(updated_at), ' +
        'MAX(updated_at)',
    },
  };
}

/** Each gets values of its own in `qty`, so that the checks tell them apart. */
export async function loadSmallTables(
  serverUrl: string,
  { table, count }: SmallTables,
): Promise<void> {
  await loadTable(serverUrl, table);
  await writeSource(`${serverUrl}/${databaseOf(table)}`, async (connection) => {
    for (let number = 2; number <= count; number += 1) {
      const name = tableName(number);
      await connection.query(`CREATE TABLE ${name} LIKE items`);
      await connection.query(`INSERT INTO ${name} SELECT * FROM items`);
      // Without a value of its own, `updated_at` would be now.
      await connection.query(
        `UPDATE ${name} SET qty = (qty + ${number}) % 100, updated_at = updated_at`,
      );
    }
  });
}

/** The first one is the one that `loadTable` makes. */
function tableName(number: number): string {
  return number === 1 ? 'items' : `items_${number}`;
}
