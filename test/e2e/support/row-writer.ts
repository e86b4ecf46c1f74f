import { EventEmitter, once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import mysql from 'mysql2/promise';
import { Random } from './random.js';
import { runExpected } from './run-expected.js';

const KEYS = 30;

/**
 * What a writer meets whose tables change under its hands: no such column, table or default, a value
 * for another type, a duplicate key, a row that fits no partition, a lock that went to another.
 */
const EXPECTED_ERRORS = [1054, 1146, 1364, 1366, 1265, 1062, 1526, 1205, 1213, 1412, 1048];

/** Writes rows of tables with columns `id` and `v`, one table after the other, until it is stopped. */
export class RowWriter implements AsyncDisposable {
  private readonly random: Random;
  private readonly progress = new EventEmitter();
  private readonly writing: Promise<void>;
  private tables: readonly string[] = [];
  private isStopped = false;
  private value = 0;
  private rounds = 0;

  private constructor(url: string, seed: number) {
    this.random = new Random(seed);
    this.writing = this.write(url);
  }

  static start(url: string, seed: number): RowWriter {
    return new RowWriter(url, seed);
  }

  /** From here on in these tables. */
  writeTo(tables: readonly string[]): void {
    this.tables = tables;
  }

  /** Resolves when every table was written to as often again. */
  async until(more: number): Promise<void> {
    const wanted = this.rounds + more + 1;
    const failure = this.writing.then(() => {
      throw new Error('the writer has stopped');
    });
    failure.catch(() => undefined);
    while (this.rounds < wanted) await Promise.race([once(this.progress, 'round'), failure]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isStopped = true;
    await this.writing;
  }

  private async write(url: string): Promise<void> {
    const connection = await mysql.createConnection({ uri: url, charset: 'utf8mb4' });
    try {
      while (!this.isStopped) {
        for (const table of this.tables) await this.change(connection, table);
        this.rounds++;
        this.progress.emit('round');
        await delay(1);
      }
    } finally {
      connection.destroy();
    }
  }

  private async change(connection: mysql.Connection, table: string): Promise<void> {
    const { random } = this;
    const id = 1 + random.below(KEYS);
    const value = ++this.value;
    const statement = random.of([
      `INSERT IGNORE INTO ${table} (id, v) VALUES (${id}, ${value}), (${id + KEYS}, ${value})`,
      `REPLACE INTO ${table} (id, v) VALUES (${id}, ${value})`,
      `UPDATE ${table} SET v = ${value} WHERE id = ${id}`,
      `UPDATE ${table} SET v = ${value} WHERE id % 5 = ${id % 5}`,
      `DELETE FROM ${table} WHERE id = ${id}`,
    ]);
    await runExpected(connection, statement, EXPECTED_ERRORS);
  }
}
