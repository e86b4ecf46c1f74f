import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { TOTAL_BALANCE } from './transfers.js';

const POLL_MS = 25;

/** In each transfer both tables change, so that only whole transactions keep the sum. */
const SUM = `SELECT CAST(sum(balance) AS VARCHAR), CAST(sum(transfers) AS VARCHAR)
  FROM (SELECT balance, 0 AS transfers FROM left_accounts
        UNION ALL SELECT balance, transfers FROM right_accounts)`;

/** Who answers queries on the replica, most of the time. */
interface Answering {
  query(sql: string): Promise<unknown[][]>;
}

/**
 * Reads the sum of all balances over and over while `Transfers` are written. Between a service's
 * death and its next start there is no answer, and that is no error; a wrong one always is.
 */
export class InvariantReader implements AsyncDisposable {
  private readonly stopped = new AbortController();
  private readonly reading: Promise<void>;
  /** Reads that were answered. */
  private answered = 0;
  private readonly wrong: string[] = [];
  /** The highest number of transfers that was seen. */
  private transfers = 0;
  private lastRefusal: unknown = null;

  private constructor(private readonly replica: Answering) {
    this.reading = this.read();
  }

  static start(replica: Answering): InvariantReader {
    return new InvariantReader(replica);
  }

  /**
   * Stops and fails if any answer was wrong, or fewer than `leastReads` came. Resolves to how many
   * there were.
   */
  async assertHeld(leastReads: number): Promise<number> {
    await this[Symbol.asyncDispose]();
    assert.deepEqual(this.wrong, [], `of ${this.answered} reads`);
    assert.ok(
      this.answered >= leastReads,
      `${this.answered} reads were answered; the last refusal was ${String(this.lastRefusal)}`,
    );
    return this.answered;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stopped.abort();
    await this.reading;
  }

  private async read(): Promise<void> {
    while (!this.stopped.signal.aborted) {
      try {
        this.check(await this.replica.query(SUM));
      } catch (error) {
        this.lastRefusal = error;
      }
      await delay(POLL_MS, undefined, { signal: this.stopped.signal }).catch(() => undefined);
    }
  }

  private check([[balance, transfers]]: unknown[][]): void {
    this.answered++;
    if (balance !== String(TOTAL_BALANCE)) this.wrong.push(`a sum of ${String(balance)}`);
    // Transactions that were there once stay.
    const seen = Number(transfers);
    if (seen < this.transfers) this.wrong.push(`${seen} transfers after ${this.transfers}`);
    this.transfers = Math.max(seen, this.transfers);
  }
}
