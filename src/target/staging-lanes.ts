import { Turns } from '../common/turns.js';
import type { Database } from './database.js';
import { StagingLane } from './staging-lane.js';

/** Each running lane occupies a thread of libuv's pool, which other work needs too. */
const MAX_RUNNING = 8;

/**
 * Hands lanes out to staging tables, which keep them until their rows are committed, and bounds how
 * many of them run at once: one for each of DuckDB's threads. Meanwhile DuckDB's own pool is shut:
 * an insert is one task, and a pool thread that takes it leaves the lane's thread spinning
 * (measured: 8 % of all CPU). Nor does a commit set off a checkpoint, which would need memory that
 * other lanes hold: where a checkpoint lacks memory, DuckDB gives up the whole instance.
 */
export class StagingLanes implements AsyncDisposable {
  private readonly turns: Turns;
  /** How many lanes run at once: more in one table would only leave more row groups half full. */
  readonly maxRunning: number;

  private constructor(
    private readonly database: Database,
    private readonly noCheckpoints: AsyncDisposable,
  ) {
    this.maxRunning = Math.min(MAX_RUNNING, database.threads);
    this.turns = new Turns(this.maxRunning);
  }

  static async open(database: Database): Promise<StagingLanes> {
    await database.run('SET threads = 1');
    return new StagingLanes(database, await database.automaticCheckpoints.hold());
  }

  /** A lane in no transaction; to be given back in none. */
  async take(): Promise<StagingLane> {
    const lane = this.database.idleLanes.pop();
    if (lane !== undefined) return lane;
    return StagingLane.open(await this.database.connect());
  }

  giveBack(lane: StagingLane): void {
    this.database.idleLanes.push(lane);
  }

  /** Runs `work` when one of the running lanes' places is free. */
  run<T>(work: () => Promise<T>): Promise<T> {
    return this.turns.run(null, () => this.database.guard(work));
  }

  /** Runs `work`, which ends a lane's transaction. */
  end(work: () => Promise<void>): Promise<void> {
    return this.run(() => this.database.critical.end(work));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.database.run(`SET threads = ${this.database.threads}`);
    await this.noCheckpoints[Symbol.asyncDispose]();
  }
}
