import mysql from 'mysql2/promise';

/** Runs statements on a connection of their own; the first row of the last one. */
export async function query(
  url: string,
  ...statements: string[]
): Promise<Record<string, unknown>> {
  const connection = await mysql.createConnection({ uri: url, timezone: 'Z' });
  try {
    let row: Record<string, unknown> = {};
    for (const statement of statements) {
      const [rows] = await connection.query<mysql.RowDataPacket[]>(statement);
      row = rows[0] ?? {};
    }
    return row;
  } finally {
    await connection.end();
  }
}

/** Whether the server takes connections. */
export async function answers(url: string): Promise<boolean> {
  return query(url, 'SELECT 1').then(
    () => true,
    () => false,
  );
}
