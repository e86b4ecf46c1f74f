import type { SourceSession } from './connect.js';

/**
 * The rows of the first statement that the server knows and the account may run; null: of none. What
 * is missing the preflight tells the operator.
 */
export async function firstAllowed<Row extends object>(
  session: SourceSession,
  statements: readonly string[],
): Promise<Row[] | null> {
  for (const statement of statements) {
    try {
      return await session.query<Row>(statement);
    } catch (error) {
      if ((error as { code?: unknown }).code === 'source-unavailable') throw error;
    }
  }
  return null;
}
