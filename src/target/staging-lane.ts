import { randomUUID } from 'node:crypto';
import {
  type DuckDBAppender,
  type DuckDBConnection,
  type DuckDBDataChunk,
  DuckDBTableFunction,
  type DuckDBType,
} from '@duckdb/node-api';

/** Fills the chunk it is given; false when there is nothing more in this insert. */
export type FillChunk = (chunk: DuckDBDataChunk) => boolean;

interface Insert {
  readonly columns: readonly { name: string; type: DuckDBType }[];
  readonly fill: FillChunk;
  failure: unknown;
}

/**
 * A connection that inserts what column batches hold, on DuckDB's threads: `INSERT INTO staging
 * SELECT * FROM lane()`, whose table function asks this thread for one vector at a time (about 0.1
 * ms each). Compression, the bulk of the work, never runs on the event loop. All inserts into one
 * table are one transaction: whole row groups go straight to the file and nothing to the log.
 *
 * Measured against the Appender, 2 million rows of 10 columns, CPU per row: Appender straight into
 * the file 1.15 µs, but it blocks the event loop for 100 to 700 ms whenever row groups are
 * compressed; Appender into in-memory tables and INSERT SELECT from there 1.9 µs; this 1.15 µs.
 */
export class StagingLane {
  private current: Insert | null = null;

  private constructor(
    private readonly connection: DuckDBConnection,
    private readonly name: string,
  ) {}

  static open(connection: DuckDBConnection): StagingLane {
    // A table function stays in the instance when its connection is closed, and another one of the
    // same name would not be called: the next attempt's lanes have names of their own.
    const lane = new StagingLane(connection, `ducktail_lane_${randomUUID().replaceAll('-', '_')}`);
    connection.registerTableFunction(
      DuckDBTableFunction.create({
        name: lane.name,
        bindFunction: (bind) => {
          for (const { name, type } of lane.insert.columns) bind.addResultColumn(name, type);
        },
        // One thread per lane keeps the source's order and whole row groups; lanes run side by side.
        initFunction: (init) => {
          init.setMaxThreads(1);
        },
        mainFunction: (_info, chunk) => {
          lane.produce(chunk);
        },
      }),
    );
    return lane;
  }

  async begin(): Promise<void> {
    await this.connection.run('BEGIN TRANSACTION');
  }

  async commit(): Promise<void> {
    await this.connection.run('COMMIT');
  }

  async rollback(): Promise<void> {
    await this.connection.run('ROLLBACK');
  }

  createAppender(catalog: string, schema: string, table: string): Promise<DuckDBAppender> {
    return this.connection.createAppender(table, schema, catalog);
  }

  /** Inserts all rows that `fill` gives. */
  async run(target: string, columns: Insert['columns'], fill: FillChunk): Promise<void> {
    const insert: Insert = { columns, fill, failure: undefined };
    this.current = insert;
    try {
      await this.connection.run(`INSERT INTO ${target} SELECT * FROM ${this.name}()`);
    } catch (error) {
      throw insert.failure ?? error;
    } finally {
      this.current = null;
    }
  }

  private get insert(): Insert {
    if (this.current === null) throw new Error(`${this.name} is used outside of its insert`);
    return this.current;
  }

  private produce(chunk: DuckDBDataChunk): void {
    const { insert } = this;
    try {
      if (!insert.fill(chunk)) chunk.rowCount = 0;
    } catch (error) {
      insert.failure = error;
      throw error;
    }
  }
}
