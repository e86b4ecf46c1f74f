import type { DuckDBConnection } from '@duckdb/node-api';
import type { Database } from './database.js';
import { StagingLane } from './staging-lane.js';

/** Each lane occupies a thread of libuv's pool, which other work needs too. */
const MAX_LANES = 8;

/**
 * A bounded number of lanes, one for each of DuckDB's threads, handed out to the staging tables in
 * turn. While they exist, DuckDB's own pool is shut: an insert is one task, and a pool thread that
 * takes it leaves the lane's thread spinning (measured: 8 % of all CPU).
 */
export class StagingLanes implements AsyncDisposable {
  private readonly free: StagingLane[] = [];
  private readonly queue: ((lane: StagingLane) => void)[] = [];

  private constructor(
    private readonly database: Database,
    readonly count: number,
    private readonly appender: DuckDBConnection,
  ) {}

  static async open(database: Database): Promise<StagingLanes> {
    const count = Math.min(MAX_LANES, database.threads);
    const lanes = new StagingLanes(database, count, await database.connect());
    for (let i = 0; i < count; i++) lanes.free.push(StagingLane.open(await database.connect()));
    await database.run('SET threads = 1');
    return lanes;
  }

  async withLane<T>(work: (lane: StagingLane) => Promise<T>): Promise<T> {
    const lane = this.free.pop() ?? (await new Promise<StagingLane>((r) => this.queue.push(r)));
    try {
      return await this.database.guard(() => work(lane));
    } finally {
      const next = this.queue.shift();
      if (next === undefined) this.free.push(lane);
      else next(lane);
    }
  }

  /** The connection for Appenders: their calls are synchronous, so one serves all. */
  withConnection<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    return this.database.guard(() => work(this.appender));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.database.run(`SET threads = ${this.database.threads}`);
  }
}
