import mysql, { type Connection, type RowDataPacket } from 'mysql2/promise';
import { shopBasics, shopLanes } from './shop-data.js';
import { shopIndexes, shopTables } from './shop-schema.js';

export interface ShopSummary {
  readonly rowsByTable: ReadonlyMap<string, number>;
  /** Data and indexes, as the server estimates them. */
  readonly bytes: number;
  readonly columns: number;
  /** Different MySQL types among the columns. */
  readonly types: number;
}

/**
 * Makes the sample shop in a new database of the server at `serverUrl` (no database in it), without
 * writing to its binary log. Fails if the database exists.
 */
export async function createShop(serverUrl: string, database: string): Promise<ShopSummary> {
  await runOnServer(serverUrl, `CREATE DATABASE \`${database}\` CHARACTER SET utf8mb4`);
  const first = await connectShop(serverUrl, database);
  const second = await connectShop(serverUrl, database);
  try {
    await prepareForLoading(first);
    await prepareForLoading(second);
    const hasVectors = await knowsVectors(first);
    await runAll(first, [...shopTables(hasVectors), ...shopBasics(hasVectors)]);
    const [firstLane, secondLane] = shopLanes();
    await Promise.all([runAll(first, firstLane), runAll(second, secondLane)]);
    const [smallIndexes, largeIndexes] = [shopIndexes.slice(0, -1), shopIndexes.slice(-1)];
    await Promise.all([runAll(first, smallIndexes), runAll(second, largeIndexes)]);
    return await summarize(first);
  } finally {
    first.destroy();
    second.destroy();
  }
}

/** A connection whose values arrive exactly: decimals and big numbers as text, times as UTC text. */
export async function connectShop(serverUrl: string, database: string): Promise<Connection> {
  const connection = await mysql.createConnection({
    uri: `${serverUrl}/${database}`,
    charset: 'utf8mb4',
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
  });
  await connection.query(`SET SESSION time_zone = '+00:00'`);
  return connection;
}

export async function dropShop(serverUrl: string, database: string): Promise<void> {
  await runOnServer(serverUrl, `DROP DATABASE IF EXISTS \`${database}\``);
}

async function runOnServer(serverUrl: string, statement: string): Promise<void> {
  const connection = await mysql.createConnection({ uri: serverUrl });
  try {
    await connection.query('SET SESSION sql_log_bin = 0');
    await connection.query(statement);
  } finally {
    await connection.end();
  }
}

async function prepareForLoading(connection: Connection): Promise<void> {
  // READ COMMITTED: the two lanes don't lock the gaps between their ranges for each other.
  await connection.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
  await connection.query(
    'SET SESSION cte_max_recursion_depth = 1000000, sql_log_bin = 0, unique_checks = 0, ' +
      `foreign_key_checks = 0, sql_mode = 'STRICT_ALL_TABLES'`,
  );
}

async function knowsVectors(connection: Connection): Promise<boolean> {
  const [rows] = await connection.query<RowDataPacket[]>('SELECT VERSION() AS version');
  return Number.parseInt(String(rows[0].version), 10) >= 9;
}

async function runAll(connection: Connection, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await connection.query(statement);
}

async function summarize(connection: Connection): Promise<ShopSummary> {
  const [tables] = await connection.query<RowDataPacket[]>(
    'SELECT TABLE_NAME AS name FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = DATABASE()',
  );
  const rowsByTable = new Map<string, number>();
  for (const { name } of tables as { name: string }[]) {
    // The optimizer needs statistics of what was loaded, or its plans would be poor.
    await connection.query(`ANALYZE NO_WRITE_TO_BINLOG TABLE \`${name}\``);
    const [rows] = await connection.query<RowDataPacket[]>(`SELECT COUNT(*) AS n FROM \`${name}\``);
    rowsByTable.set(name, Number(rows[0].n));
  }
  await connection.query('SET SESSION information_schema_stats_expiry = 0');
  const [sizes] = await connection.query<RowDataPacket[]>(
    `SELECT SUM(DATA_LENGTH + INDEX_LENGTH) AS bytes FROM INFORMATION_SCHEMA.TABLES
      WHERE TABLE_SCHEMA = DATABASE()`,
  );
  const [columns] = await connection.query<RowDataPacket[]>(
    `SELECT COUNT(*) AS columns, COUNT(DISTINCT DATA_TYPE, COLUMN_TYPE LIKE '%unsigned') AS types
      FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = DATABASE()`,
  );
  return {
    rowsByTable,
    bytes: Number(sizes[0].bytes),
    columns: Number(columns[0].columns),
    types: Number(columns[0].types),
  };
}
