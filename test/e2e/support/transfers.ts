import { EventEmitter, once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import mysql from 'mysql2/promise';
import { onLastingConnection } from './lasting-connection.js';

const ACCOUNTS = 100;
const OPENING_BALANCE = 1000;

/** What the two tables have in sum at every transaction boundary, and at hardly any other moment. */
export const TOTAL_BALANCE = 2 * ACCOUNTS * OPENING_BALANCE;

interface TransferSource {
  readonly url: string;
  run(...statements: readonly string[]): Promise<void>;
}

interface TransferOptions {
  /** The server is killed now and then. */
  readonly isMortal?: boolean;
}

/**
 * Writers that move amounts between accounts of the tables `left_accounts` and `right_accounts`,
 * each transfer a transaction that also counts itself in `right_accounts.transfers`.
 */
export class Transfers implements AsyncDisposable {
  private committed = 0;
  private isStopped = false;
  private readonly progress = new EventEmitter();
  private readonly writers: Promise<void>[] = [];

  private constructor(
    private readonly url: string,
    private readonly isMortal: boolean,
  ) {}

  static async start(
    source: TransferSource,
    writers: number,
    { isMortal = false }: TransferOptions = {},
  ): Promise<Transfers> {
    await source.run(
      `CREATE TABLE left_accounts (id INT NOT NULL PRIMARY KEY, balance INT NOT NULL)`,
      `CREATE TABLE right_accounts (id INT NOT NULL PRIMARY KEY, balance INT NOT NULL,
         transfers INT NOT NULL DEFAULT 0)`,
      ...['left_accounts', 'right_accounts'].map(
        (table) =>
          `INSERT INTO ${table} (id, balance) VALUES ` +
          Array.from({ length: ACCOUNTS }, (_, id) => `(${id}, ${OPENING_BALANCE})`).join(', '),
      ),
    );
    const transfers = new Transfers(source.url, isMortal);
    transfers.add(writers);
    return transfers;
  }

  /** Starts more writers. */
  add(writers: number): void {
    for (let i = 0; i < writers; i++) this.writers.push(this.write());
  }

  /** Resolves when this many more transfers have been committed. */
  async until(more: number): Promise<void> {
    const wanted = this.committed + more;
    const failure = Promise.all(this.writers).then(() => {
      throw new Error('the writers have stopped');
    });
    while (this.committed < wanted) await Promise.race([once(this.progress, 'commit'), failure]);
    failure.catch(() => undefined);
  }

  /** Resolves with the number of transfers in the source when the last writer is done. */
  async stop(): Promise<number> {
    this.isStopped = true;
    await Promise.all(this.writers);
    return this.committed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  private async write(): Promise<void> {
    if (this.isMortal) {
      await onLastingConnection(
        this.url,
        () => this.isStopped,
        (connection) => this.writeOn(connection),
      );
      return;
    }
    const connection = await mysql.createConnection({ uri: this.url });
    try {
      await this.writeOn(connection);
    } finally {
      connection.destroy();
    }
  }

  private async writeOn(connection: mysql.Connection): Promise<void> {
    while (!this.isStopped) {
      await connection.beginTransaction();
      const amount = 1 + Math.floor(Math.random() * 50);
      const account = (): number => Math.floor(Math.random() * ACCOUNTS);
      // The same order of tables in all writers, and rows taken one at a time: few deadlocks.
      const moves = [
        `UPDATE left_accounts SET balance = balance - ${amount} WHERE id = ${account()}`,
        `UPDATE right_accounts SET balance = balance + ${amount}, transfers = transfers + 1
          WHERE id = ${account()}`,
      ];
      for (const move of moves) await connection.query(move);
      await connection.commit();
      this.committed++;
      this.progress.emit('commit');
      // Gives others the server, and locks a moment without open transactions.
      await delay(1);
    }
  }
}
