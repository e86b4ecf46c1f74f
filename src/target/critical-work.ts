import type { DuckDBConnection } from '@duckdb/node-api';
import type { MemoryLimit } from './memory-limit.js';
import type { ReaderConnections } from './reader-connections.js';
import type { RunningQueries } from './running-queries.js';

/** Of a reader that can't have taken all the memory yet. */
const BRIEF_MS = 5;

export interface CriticalMeans {
  readonly memory: MemoryLimit;
  readonly readers: ReaderConnections;
  readonly queries: RunningQueries;
}

/**
 * Runs what must not lack memory half-way: a CHECKPOINT, or what ends a transaction. DuckDB gives up
 * the whole instance then, or what the transaction changed stays locked ("Conflict on tuple
 * deletion") until the file is opened again, or memory that a reader looks at is freed. So it may have
 * all that the machine can give, for moments, in which queries can have more than they may, too.
 */
export class CriticalWork {
  private hasLargeValues = false;

  constructor(private readonly means: CriticalMeans) {}

  /** Told of values of many kilobytes. */
  expectLargeValues(): void {
    this.hasLargeValues = true;
  }

  /**
   * Of the writer's. Row groups that are not full are compressed by it, which takes more than the
   * limit where they hold large values; and a reader's query may have taken everything. Else there is
   * enough.
   */
  async run<T>(work: () => Promise<T>): Promise<T> {
    const isCrowded = this.means.readers.gate.inside > 0;
    return isCrowded || this.hasLargeValues ? this.runWithAll(work) : work();
  }

  /** The same in any case. Clients' queries are ended for it if need be; nothing is run without it. */
  runWithAll<T>(work: () => Promise<T>): Promise<T> {
    const { memory, queries } = this.means;
    return memory.withAll(work, () => queries.end());
  }

  /** Ends the transaction of a client who writes. Queries are ended for a ROLLBACK alone. */
  async endWriting(connection: DuckDBConnection, statement: 'COMMIT' | 'ROLLBACK'): Promise<void> {
    const end = async (): Promise<void> => void (await connection.run(statement));
    await (statement === 'COMMIT' ? this.means.memory.withAll(end) : this.runWithAll(end));
  }

  /** Ends one that has only read, which clears away what no reader needs any more. */
  async endReading(connection: DuckDBConnection): Promise<void> {
    const { memory, readers } = this.means;
    const end = async (): Promise<void> => void (await connection.run('ROLLBACK'));
    // For a small query it would be a good part of its time.
    if (readers.oldestSeconds * 1000 < BRIEF_MS) return end();
    await memory.withAll(end).catch(end);
  }
}
