import type { DuckDBConnection } from '@duckdb/node-api';
import type { DucktailError } from '../common/errors.js';

/** Someone who reads beside the writer, on a connection of their own. */
export class OpenReader {
  readonly sinceMs = performance.now();
  private readonly ending = new AbortController();

  constructor(
    readonly connection: DuckDBConnection,
    /** Gives the connection back. */
    readonly close: () => void,
  ) {}

  /** Aborts where the reader may not go on; what it reads then ends by itself. */
  get signal(): AbortSignal {
    return this.ending.signal;
  }

  end(reason: DucktailError): void {
    this.ending.abort(reason);
  }
}
