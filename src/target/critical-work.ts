import { setTimeout as delay } from 'node:timers/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import { hasCode } from '../common/errors.js';
import type { MemoryLimit } from './memory-limit.js';
import type { ReaderGate } from './reader-gate.js';
import type { RunningQueries } from './running-queries.js';

/** Until memory is asked for again that queries, which were ended, have not given back yet. */
const RETRY_MS = 20;

export interface CriticalMeans {
  readonly memory: MemoryLimit;
  /** Of those who read beside the writer. */
  readonly gate: ReaderGate;
  readonly queries: RunningQueries;
}

/**
 * Runs what must not lack memory half-way: a CHECKPOINT, or what ends a transaction. Where clients'
 * queries have taken it, DuckDB gives up the whole instance, or what the transaction changed stays
 * locked ("Conflict on tuple deletion") until the file is opened again. The end of a transaction that
 * only read frees what was kept for it, and without memory for that the process crashes.
 *
 * So it may have all that the machine can give. That is for moments, but queries can take of it, too:
 * where they have taken much, they are ended.
 */
export class CriticalWork {
  private hasLargeValues = false;
  private underWay = 0;
  private done = 0;

  constructor(private readonly means: CriticalMeans) {}

  /** Told of values of many kilobytes. */
  expectLargeValues(): void {
    this.hasLargeValues = true;
  }

  /**
   * The writer's. It compresses row groups that are not full, which takes more than the limit where
   * they hold large values; or a reader's query may have taken everything. Else there is enough.
   */
  run<T>(work: () => Promise<T>): Promise<T> {
    const isCrowded = this.means.gate.inside > 0;
    return this.counted(isCrowded || this.hasLargeValues ? () => this.runWithAll(work) : work);
  }

  /**
   * The same in any case; clients' queries are ended for it if need be. Where there is no memory all
   * the same, it fails, and nothing of the work was begun.
   */
  async runWithAll<T>(work: () => Promise<T>): Promise<T> {
    const { memory, queries } = this.means;
    try {
      await memory.raise();
    } catch (error) {
      if (!hasCode(error, 'target-memory') || !(await queries.end())) throw error;
      await memory.raise();
    }
    return this.lowerAfter(work);
  }

  /** The end of a client's transaction. Others' queries are ended for a ROLLBACK alone. */
  async endWriting(connection: DuckDBConnection, statement: 'COMMIT' | 'ROLLBACK'): Promise<void> {
    await this.counted(async () => {
      if (statement === 'COMMIT') await this.means.memory.raise();
      else await this.raiseAtLast();
      await this.lowerAfter(() => connection.run(statement));
    });
  }

  /** What `endReading` is told: names what has changed. To be had before the transaction begins. */
  mark(): number | null {
    return this.underWay > 0 ? null : this.done;
  }

  /** The end of a transaction that only read. */
  async endReading(connection: DuckDBConnection, mark: number | null): Promise<void> {
    // Nothing was kept for it, and for a small query asking for memory would take a good part of its time.
    if (mark !== null && mark === this.mark()) {
      await connection.run('ROLLBACK');
      return;
    }
    await this.raiseAtLast();
    await this.lowerAfter(() => connection.run('ROLLBACK'));
  }

  private async counted<T>(work: () => Promise<T>): Promise<T> {
    this.underWay++;
    try {
      return await work();
    } finally {
      this.underWay--;
      this.done++;
    }
  }

  /**
   * For what can't be left undone. It may be of one of the queries that are ended, and does not wait
   * for their end.
   */
  private async raiseAtLast(): Promise<void> {
    const { memory, queries } = this.means;
    for (;;) {
      try {
        await memory.raise();
        return;
      } catch (error) {
        if (!hasCode(error, 'target-memory')) throw error;
        void queries.end();
        await delay(RETRY_MS);
      }
    }
  }

  private async lowerAfter<T>(work: () => Promise<T>): Promise<T> {
    const { memory, queries } = this.means;
    try {
      return await work();
    } finally {
      await memory.lower();
      if (memory.excessBytes > memory.ownBytes) {
        void queries.end().then(() => memory.settle().catch(() => undefined));
      }
    }
  }
}
