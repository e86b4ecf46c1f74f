import { hasCode } from '../common/errors.js';

/**
 * Takes back what the writer's transaction did. DuckDB needs memory for that, too: clients' queries
 * are ended for it, and where there still is none it stays due.
 */
export class Rollback {
  private isLeft = false;

  constructor(
    private readonly statement: () => Promise<unknown>,
    /** False where there are none. */
    private readonly endQueries: () => Promise<boolean>,
  ) {}

  /** Before anything else is done on the connection; fails with `target-memory` alone. */
  async makeUp(): Promise<void> {
    if (this.isLeft) await this.run();
  }

  /** The same for a transaction that is open; a COMMIT that failed has rolled back already. */
  async run(): Promise<void> {
    this.isLeft = true;
    await this.attempt().catch(async (error: unknown) => {
      if (!(await this.endQueries())) throw error;
      await this.attempt();
    });
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
