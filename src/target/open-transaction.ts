/** A transaction of the writer connection. */
export class OpenTransaction {
  private isOpen = true;

  constructor(
    private readonly inScope: <T>(work: () => Promise<T>) => Promise<T>,
    private readonly run: (sql: string) => Promise<void>,
    private readonly release: () => void,
  ) {}

  /** Runs `work` as a part of it. */
  within<T>(work: () => Promise<T>): Promise<T> {
    return this.inScope(work);
  }

  async commit(): Promise<void> {
    await this.inScope(() => this.run('COMMIT'));
    this.end();
  }

  /** Never fails: a failed COMMIT has rolled back already. Nothing after the end. */
  async rollback(): Promise<void> {
    if (!this.isOpen) return;
    await this.inScope(() => this.run('ROLLBACK')).catch(ignore);
    this.end();
  }

  private end(): void {
    this.isOpen = false;
    this.release();
  }
}

function ignore(): void {
  // Whoever asked for the work hears of its failure.
}
