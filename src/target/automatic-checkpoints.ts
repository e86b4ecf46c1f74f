/** A log that never grows so large. */
const NO_CHECKPOINT = '1000TB';

/** Keeps DuckDB from setting off a checkpoint within a COMMIT, as long as anybody asks for that. */
export class AutomaticCheckpoints {
  private holders = 0;

  constructor(private readonly run: (sql: string) => Promise<void>) {}

  /** Until it is disposed of. */
  async hold(): Promise<AsyncDisposable> {
    this.holders++;
    await this.reapply();
    return {
      [Symbol.asyncDispose]: async () => {
        this.holders--;
        await this.apply();
      },
    };
  }

  /** In an instance that is new. */
  async reapply(): Promise<void> {
    if (this.holders > 0) await this.apply();
  }

  private async apply(): Promise<void> {
    await this.run(
      this.holders > 0
        ? `SET GLOBAL checkpoint_threshold = '${NO_CHECKPOINT}'`
        : 'RESET GLOBAL checkpoint_threshold',
    );
  }
}
