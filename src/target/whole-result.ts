import { DucktailError } from '../common/errors.js';

/**
 * To be called at the end of a streamed result, with what runs a statement in its transaction. A query
 * that fails amid its rows, for whatever reason, ends as a whole one does: neither DuckDB's C interface
 * nor node-api tells. But its transaction is aborted.
 */
export async function requireLiveTransaction(probe: () => Promise<unknown>): Promise<void> {
  try {
    await probe();
  } catch (error) {
    throw new DucktailError('query-failed', 'the query failed amid its rows, which are not whole', {
      cause: error,
      hint: 'DuckDB says why where the result is written first: ask for Parquet, or COPY it.',
    });
  }
}
