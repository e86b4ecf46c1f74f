import { DucktailError } from '../common/errors.js';

/**
 * DuckDB ends a stream of rows in the same way whether all of them were read or one could not be made,
 * and its Node package has nothing to ask which it was. But what failed has spoilt its transaction:
 * the next statement in it, `probe`, fails as well. Throws where the result is not whole.
 */
export async function requireWhole(probe: () => Promise<unknown>): Promise<void> {
  try {
    await probe();
  } catch (error) {
    throw new DucktailError('query-failed', 'the query failed amid its rows, which are not whole', {
      cause: error,
      hint:
        "DuckDB does not say why: a value that can't be cast (TRY_CAST tells which), memory " +
        '(QUERY_MEMORY_LIMIT) or the disk (QUERY_TEMP_LIMIT).',
    });
  }
}

/** For `probe`. */
export const PROBE_SQL = 'SELECT 1';
