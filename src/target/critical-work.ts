import { setTimeout as delay } from 'node:timers/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import { hasCode } from '../common/errors.js';
import { ALL_MEMORY, type MemoryLimit } from './memory-limit.js';
import type { ReaderConnections } from './reader-connections.js';
import type { RunningQueries } from './running-queries.js';

/**
 * The least that the end of a transaction has for itself; with a larger limit, as much as that. Not
 * all there is: a query that wants everything takes some of it each time.
 */
const ROOM_BYTES = 256e6;
/** Until it is looked again whether queries have given back what they had of it. */
const RETRY_MS = 20;
/** Before they are ended for that. */
const PATIENT_ATTEMPTS = 20;

export interface CriticalMeans {
  readonly memory: MemoryLimit;
  readonly readers: ReaderConnections;
  readonly queries: RunningQueries;
}

/** Ends a transaction; resolves to false where there is none any more, or no connection. */
export type EndReading = () => Promise<boolean>;

/**
 * Runs what must not lack memory half-way: a CHECKPOINT, or what ends a transaction. Where clients'
 * queries have taken it, DuckDB gives up the whole instance, or what the transaction changed stays
 * locked ("Conflict on tuple deletion") until the file is opened again. The end of a transaction that
 * only read frees what was kept for it, and without memory for that the process crashes.
 *
 * So DuckDB has more memory for those moments. Queries can take of it, too: where they keep much of it,
 * they are ended before the next one.
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

  /** What ends a transaction of our own. */
  end<T>(work: () => Promise<T>): Promise<T> {
    return this.counted(() => (this.isCrowded ? this.runWith(this.roomBytes, work) : work()));
  }

  /**
   * A CHECKPOINT, which compresses row groups that are not full: with large values in them that takes
   * far more than the limit.
   */
  async checkpoint<T>(work: () => Promise<T>): Promise<T> {
    return this.isCrowded || this.hasLargeValues ? this.runWithAll(work) : work();
  }

  /** Takes back what the writer did. */
  rollBack<T>(work: () => Promise<T>): Promise<T> {
    return this.counted(() => this.runWith(this.roomBytes, work));
  }

  /** Anything, with all the memory that DuckDB may ever have. */
  runWithAll<T>(work: () => Promise<T>): Promise<T> {
    return this.runWith(ALL_MEMORY, work);
  }

  /** The end of a client's transaction. Others' queries are ended for a ROLLBACK alone. */
  async endWriting(connection: DuckDBConnection, statement: 'COMMIT' | 'ROLLBACK'): Promise<void> {
    const { roomBytes } = this;
    await this.counted(async () => {
      if (statement === 'COMMIT') await this.raise(roomBytes, () => Promise.resolve(false));
      else await this.raiseAtLast(roomBytes);
      await this.lowerAfter(roomBytes, () => connection.run(statement));
    });
  }

  /** Begins a transaction that only reads; resolves to what ends it. */
  async beginReading(connection: DuckDBConnection): Promise<EndReading> {
    const { changes } = this;
    const end = (): Promise<boolean> => this.endReading(connection, changes);
    try {
      await connection.run('BEGIN TRANSACTION READ ONLY');
    } catch (error) {
      await end();
      throw error;
    }
    return end;
  }

  private async endReading(connection: DuckDBConnection, changes: number | null): Promise<boolean> {
    const rollBack = (): Promise<boolean> =>
      connection.run('ROLLBACK').then(
        () => true,
        () => false,
      );
    // Nothing was kept for it, and asking for memory would take a good part of a small query's time.
    if (changes !== null && changes === this.changes) return rollBack();
    const { roomBytes } = this;
    await this.raiseAtLast(roomBytes);
    return this.lowerAfter(roomBytes, rollBack);
  }

  /** Names what has changed until here; null: something is changing. */
  private get changes(): number | null {
    return this.underWay > 0 ? null : this.done;
  }

  /** Else nobody can have taken what our own work has had until here. */
  private get isCrowded(): boolean {
    return this.means.readers.isAnyConnected;
  }

  private get roomBytes(): number {
    return Math.max(this.means.memory.ownBytes, ROOM_BYTES);
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

  /** Ends clients' queries for it if need be. Where that does not help, nothing of the work is begun. */
  private async runWith<T>(roomBytes: number, work: () => Promise<T>): Promise<T> {
    await this.raise(roomBytes, () => this.means.queries.end());
    return this.lowerAfter(roomBytes, work);
  }

  /**
   * For what can't be left undone. It may be of one of the queries that are ended, and does not wait
   * for their end.
   */
  private raiseAtLast(roomBytes: number): Promise<void> {
    return this.raise(roomBytes, () => {
      void this.means.queries.end();
      return Promise.resolve(true);
    });
  }

  /** `makeRoom` says whether it is worth another attempt; without that it fails with `target-memory`. */
  private async raise(roomBytes: number, makeRoom: () => Promise<boolean>): Promise<void> {
    const { memory } = this.means;
    for (let attempt = 1; ; attempt++) {
      try {
        await memory.settleWithin();
        // What queries took of the room before, they give back to the disk, or not at all.
        const isTaken = memory.takenBytes > roomBytes / 2;
        if (!isTaken || attempt > PATIENT_ATTEMPTS) {
          await memory.raise(roomBytes);
          return;
        }
        if (attempt === PATIENT_ATTEMPTS) await makeRoom();
      } catch (error) {
        if (!hasCode(error, 'target-memory') || !(await makeRoom())) throw error;
      }
      await delay(RETRY_MS);
    }
  }

  private async lowerAfter<T>(roomBytes: number, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } finally {
      // Not waited for: what is done is done, and the event loop may be slow.
      void this.means.memory.lower(roomBytes);
    }
  }
}
