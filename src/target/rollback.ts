import { hasCode } from '../common/errors.js';

/** Takes back what the writer's transaction did; where there is no memory for that, it stays due. */
export class Rollback {
  private isLeft = false;

  constructor(private readonly statement: () => Promise<unknown>) {}

  /** Before anything else is done on the connection; fails with `target-memory` alone. */
  async makeUp(): Promise<void> {
    if (this.isLeft) await this.run();
  }

  /** The same for a transaction that is open; a COMMIT that failed has rolled back already. */
  async run(): Promise<void> {
    this.isLeft = true;
    try {
      await this.statement();
    } catch (error) {
      if (hasCode(error, 'target-memory')) throw error;
    }
    this.isLeft = false;
  }
}
