import { hasCode } from '../common/errors.js';

/** Takes back what the writer's transaction did; where there is no memory for that, it stays due. */
export class Rollback {
  private isLeft = false;

  constructor(
    private readonly statement: () => Promise<unknown>,
    /** Runs its work where there is memory for it, or fails without having begun it. */
    private readonly withMemory: (work: () => Promise<void>) => Promise<void>,
  ) {}

  /** Before anything else is done on the connection. */
  async makeUp(): Promise<void> {
    if (this.isLeft) await this.run();
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
