/** A transaction of the writer connection. */
export class OpenTransaction {
  private isOpen = true;

  constructor(
    private readonly inScope: <T>(work: () => Promise<T>) => Promise<T>,
    private readonly statements: {
      readonly commit: () => Promise<void>;
      readonly rollback: () => Promise<void>;
    },
    private readonly release: () => void,
  ) {}

  /** Runs `work` as a part of it. */
  within<T>(work: () => Promise<T>): Promise<T> {
    return this.inScope(work);
  }

  async commit(): Promise<void> {
    await this.inScope(this.statements.commit);
    this.end();
  }

  /** Never fails: where it could not be done, whoever writes next makes up for it. Nothing after the end. */
  async rollback(): Promise<void> {
    if (!this.isOpen) return;
    await this.inScope(this.statements.rollback).catch(ignore);
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
