import { hasCode } from '../common/errors.js';

/** Takes back what the writer's transaction did; where there is no memory for that, it stays due. */
export class Rollback {
  private isLeft = false;

  constructor(
    private readonly statement: () => Promise<unknown>,
    /** Runs its work where there is memory for it, or fails without having begun it. */
    private readonly withMemory: (work: () => Promise<void>) => Promise<void>,
  ) {}

  /** Where memory was short, DuckDB may have left a transaction that is spoilt, even if none was begun. */
  afterFailure(error: unknown): void {
    if (hasCode(error, 'target-memory')) this.isLeft = true;
  }

  /** Runs what is next on the connection, after the one that is due. */
  async before<T>(work: () => Promise<T> | T): Promise<T> {
    if (this.isLeft) await this.run();
    try {
      return await work();
    } catch (error) {
      this.afterFailure(error);
      throw error;
    }
  }

  /** The same for a transaction that is open; a COMMIT that failed has rolled back already. */
  async run(): Promise<void> {
    this.isLeft = true;
    await this.withMemory(() => this.attempt());
    this.isLeft = false;
  }

  private async attempt(): Promise<void> {
    try {
      await this.statement();
    } catch (error) {
      if (hasCode(error, 'target-memory')) throw error;
    }
  }
}
