import type { DuckDBConnection } from '@duckdb/node-api';
import type { Database } from './database.js';
import { StagingLane } from './staging-lane.js';

/** A bounded number of lanes, handed out to the staging tables in turn. */
export class StagingLanes {
  private readonly free: StagingLane[] = [];
  private readonly queue: ((lane: StagingLane) => void)[] = [];

  private constructor(
    readonly count: number,
    private readonly appender: DuckDBConnection,
  ) {}

  static async open(database: Database, count: number): Promise<StagingLanes> {
    const lanes = new StagingLanes(count, await database.connect());
    for (let i = 0; i < count; i++) lanes.free.push(StagingLane.open(await database.connect(), i));
    return lanes;
  }

  async withLane<T>(work: (lane: StagingLane) => Promise<T>): Promise<T> {
    const lane = this.free.pop() ?? (await new Promise<StagingLane>((r) => this.queue.push(r)));
    try {
      return await work(lane);
    } finally {
      const next = this.queue.shift();
      if (next === undefined) this.free.push(lane);
      else next(lane);
    }
  }

  /** The connection for Appenders: their calls are synchronous, so one serves all. */
  async withConnection<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    return work(this.appender);
  }
}
