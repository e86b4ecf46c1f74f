import os from 'node:os';
import mysql, { type Connection, type RowDataPacket } from 'mysql2/promise';
import { openTestServer, type TestServer } from '../test/servers/test-server.js';
import type { BenchTable } from './bench-table.js';

const CHUNK_ROWS = 100_000;
/** The widest of the tables' rows that come in millions, with what InnoDB adds. */
const BUFFER_BYTES_PER_ROW = 220;
const MIN_BUFFER_BYTES = 2 ** 30;

/** A private MySQL that keeps `rows` rows in memory, as far as this machine has a third to spare. */
export async function openBenchServer(
  rows: number,
  onProgress: (line: string) => void,
): Promise<TestServer> {
  const bufferBytes = Math.max(
    MIN_BUFFER_BYTES,
    Math.min(rows * BUFFER_BYTES_PER_ROW, os.totalmem() / 3),
  );
  return openTestServer('mysql', {
    ignoreUrl: true,
    onProgress,
    extraArguments: [`--innodb-buffer-pool-size=${Math.ceil(bufferBytes / 2 ** 20)}M`],
  });
}

/** Every table is alone in a database, so that a sync copies just it. */
export function databaseOf(table: BenchTable): string {
  return `bench_${table.name}`;
}

/** The table is called `items` in its database. */
export async function loadTable(serverUrl: string, table: BenchTable): Promise<void> {
  const database = databaseOf(table);
  await writeSource(serverUrl, async (connection) => {
    await connection.query(`CREATE DATABASE ${database} CHARACTER SET utf8mb4`);
    await connection.query(`USE ${database}`);
    await connection.query(`CREATE TABLE items (${table.columns})`);
    for (let first = 1; first <= table.rows; first += CHUNK_ROWS) {
      const last = Math.min(first + CHUNK_ROWS - 1, table.rows);
      await insertRows(connection, table.values, first, last);
    }
    await connection.query('ANALYZE NO_WRITE_TO_BINLOG TABLE items');
  });
}

/** Inserts rows `first` to `last`, CHUNK_ROWS at most; `values` are those of row `n`. */
export async function insertRows(
  connection: Connection,
  values: string,
  first: number,
  last: number,
): Promise<void> {
  await connection.query(
    `INSERT INTO items
    WITH RECURSIVE seq (n) AS (SELECT ${first} UNION ALL SELECT n + 1 FROM seq WHERE n < ${last})
    SELECT ${values} FROM seq`,
  );
}

export async function dropTable(serverUrl: string, table: BenchTable): Promise<void> {
  await writeSource(serverUrl, async (connection) => {
    await connection.query(`DROP DATABASE ${databaseOf(table)}`);
  });
}

/** Nothing of the benchmark reads the binlog, so that writing it would only take time. */
export async function writeSource<Result>(
  url: string,
  work: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  const connection = await mysql.createConnection({ uri: url });
  try {
    await connection.query(
      `SET SESSION cte_max_recursion_depth = ${CHUNK_ROWS}, sql_log_bin = 0, time_zone = '+00:00'`,
    );
    return await work(connection);
  } finally {
    await connection.end();
  }
}

/** The table's checks over its first `rows` rows, as texts. */
export async function sourceChecks(
  serverUrl: string,
  table: BenchTable,
  rows: number,
): Promise<string[]> {
  const connection: Connection = await mysql.createConnection({
    uri: `${serverUrl}/${databaseOf(table)}`,
  });
  try {
    await connection.query(`SET SESSION time_zone = '+00:00'`);
    const [result] = await connection.query<RowDataPacket[]>({
      sql: `SELECT ${table.checks} FROM ${table.relation} WHERE id <= ${rows}`,
      rowsAsArray: true,
      typeCast: (field) => field.string(),
    });
    return result[0] as unknown as string[];
  } finally {
    await connection.end();
  }
}
