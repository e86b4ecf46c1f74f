import type mysql from 'mysql2/promise';

/** Runs a statement that may fail by one of these errors, for what others do meanwhile. */
export async function runExpected(
  connection: mysql.Connection,
  statement: string,
  errors: readonly number[],
): Promise<void> {
  try {
    await connection.query(statement);
  } catch (error) {
    const { errno = 0, message } = error as { errno?: number; message: string };
    if (!errors.includes(errno)) throw new Error(`${message} in: ${statement}`, { cause: error });
  }
}
