import { forgetParkedEvents, parkEvents, readParkedEvents } from '../state/parked-transactions.js';
import type { Database } from '../target/database.js';

/** Events per query. */
const PORTION = 1000;
const NO_EVENT = new Uint8Array(0);

/**
 * Prepared transactions: their rows come with the PREPARE and are kept, durably, until it is known
 * whether they are committed. What is told here takes effect with the next commit.
 */
export class XaTransactions {
  private parked: { readonly xid: string; readonly events: readonly Uint8Array[] }[] = [];
  private over: string[] = [];
  /** Events on record, by transaction. */
  private readonly counts = new Map<string, number>();

  constructor(private readonly database: Database) {}

  park(xid: string, events: readonly Uint8Array[]): void {
    this.parked.push({ xid, events });
  }

  /** The transaction was committed or rolled back. */
  end(xid: string): void {
    this.over.push(xid);
  }

  /** What was parked of it: nothing, where it was prepared without a change of our tables; or null. */
  async read(xid: string): Promise<Uint8Array[] | null> {
    const events: Uint8Array[] = [];
    for (;;) {
      const portion = await readParkedEvents(
        (sql) => this.database.rows(sql),
        xid,
        events.length,
        PORTION,
      );
      events.push(...portion);
      if (portion.length < PORTION) break;
    }
    const unrecorded = this.parked.filter((parked) => parked.xid === xid);
    for (const parked of unrecorded) events.push(...parked.events);
    if (events.length === 0 && unrecorded.length === 0) return null;
    return events.filter(({ length }) => length > 0);
  }

  get hasNews(): boolean {
    return this.parked.length > 0 || this.over.length > 0;
  }

  /** Within the transaction of a commit. */
  async record(): Promise<void> {
    for (const { xid, events } of this.parked) {
      const first = this.counts.get(xid) ?? 0;
      // One that changes other tables alone is known as well.
      const kept = first + events.length === 0 ? [NO_EVENT] : events;
      await parkEvents(this.database, xid, first, kept);
      this.counts.set(xid, first + kept.length);
    }
    for (const xid of this.over) await forgetParkedEvents(this.database, xid);
  }

  /** After it. */
  recorded(): void {
    for (const xid of this.over) this.counts.delete(xid);
    this.discard();
  }

  /** What was told since the last commit is void. */
  discard(): void {
    this.parked = [];
    this.over = [];
  }
}
