import { setTimeout as delay } from 'node:timers/promises';
import mysql from 'mysql2/promise';
import type { Flavour } from '../../servers/test-server.js';
import { onLastingConnection } from './lasting-connection.js';
import { runExpected } from './run-expected.js';
import { Random } from './random.js';
import { SchemaChanges } from './schema-changes.js';

/** Few keys, so that changes of the same rows meet in a batch. */
const KEYS = 40;
const TEXT_KEYS = ["'a'", "'A'", "'á'", "'b'", "''", "'ß'"];
const MAX_STATEMENTS = 6;
const SCHEMA_CHANGE_PROBABILITY = 0.04;
/** No key that a statement writes to stay. */
const PASSING_KEY = -1_000_000;

/** Statements that make the tables, with some rows. */
export const WORKLOAD_TABLES: readonly string[] = [
  `CREATE TABLE items (id INT PRIMARY KEY, v INT, note VARCHAR(300), d DATE, amount DECIMAL(12,2),
     changed TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6))`,
  `CREATE TABLE pairs (a VARCHAR(4) COLLATE utf8mb4_general_ci, b SMALLINT, v INT,
     PRIMARY KEY (b, a))`,
  'CREATE TABLE bag (v INT, t VARCHAR(10))',
  'CREATE TABLE orders (id INT PRIMARY KEY, total INT NOT NULL)',
  `CREATE TABLE order_lines (order_id INT, line INT, amount INT NOT NULL,
     PRIMARY KEY (order_id, line))`,
  'CREATE TABLE docs (id INT PRIMARY KEY, doc JSON, body LONGTEXT, bytes BLOB)',
  "INSERT INTO items (id, v, note) VALUES (1, 1, 'one'), (2, 2, 'two'), (3, 3, 'three')",
  "INSERT INTO bag VALUES (1, 'x'), (1, 'x'), (1, 'x'), (2, NULL)",
];

/**
 * Errors that a random statement may meet: a duplicate key, a deadlock with a copy's table lock, which
 * rolls its transaction back, and so no such savepoint.
 */
const EXPECTED_ERRORS = [1062, 1213, 1205, 1305];

/** Definitions that may or may not have changed when the server was killed: tables, columns. */
const DOUBTFUL_ERRORS = [1050, 1051, 1054, 1060, 1091, 1136, 1146];

/**
 * A writer of random transactions over several tables, the same ones for the same seed: key changes,
 * swaps of keys, rows that come and go in a transaction, equal rows in a table without a key,
 * savepoints, rollbacks, and now and then a change of a table's definition.
 */
export class CdcWorkload {
  private readonly random: Random;
  private readonly schemaChanges: SchemaChanges;
  private value = 0;

  constructor(
    seed: number,
    private readonly flavour: Flavour,
  ) {
    this.random = new Random(seed);
    this.schemaChanges = new SchemaChanges(this.random);
  }

  /** The statements of the next transaction, or one that changes a definition. */
  next(): string[] {
    const { random } = this;
    if (random.chance(SCHEMA_CHANGE_PROBABILITY)) return this.schemaChanges.next();
    const body = this.statements(1 + random.below(MAX_STATEMENTS));
    if (random.chance(0.2)) {
      body.push('SAVEPOINT sp', ...this.statements(2), 'ROLLBACK TO SAVEPOINT sp');
      body.push(...this.statements(1));
    }
    return ['BEGIN', ...body, random.chance(0.1) ? 'ROLLBACK' : 'COMMIT'];
  }

  /** Writes transactions until `count` are done or it is told to stop; returns how many were. */
  async write(url: string, count: number, stop?: AbortSignal): Promise<number> {
    const connection = await mysql.createConnection({ uri: url, charset: 'utf8mb4' });
    try {
      return await this.writeOn(connection, count, EXPECTED_ERRORS, stop);
    } finally {
      connection.destroy();
    }
  }

  /** Until it is told to stop, on a server that is killed now and then. */
  async writeOnAndOn(url: string, stop: AbortSignal): Promise<number> {
    const errors = [...EXPECTED_ERRORS, ...DOUBTFUL_ERRORS];
    let done = 0;
    await onLastingConnection(
      url,
      () => stop.aborted,
      async (connection) => {
        while (!stop.aborted) done += await this.writeOn(connection, 1, errors, stop);
      },
    );
    return done;
  }

  private async writeOn(
    connection: mysql.Connection,
    count: number,
    expectedErrors: readonly number[],
    stop?: AbortSignal,
  ): Promise<number> {
    await connection.query("SET SESSION sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+00:00'");
    let done = 0;
    while (done < count && stop?.aborted !== true) {
      for (const statement of this.next()) {
        await runExpected(connection, statement, expectedErrors);
      }
      done++;
      // Others need the server, too.
      await delay(1);
    }
    return done;
  }

  private statements(count: number): string[] {
    return Array.from({ length: count }, () => this.change()).flat();
  }

  private change(): string[] {
    const { random } = this;
    const value = ++this.value;
    const changes = [
      () => this.itemChange(value),
      () => this.itemChange(value),
      () => this.keyChange(),
      () => this.pairChange(value),
      () => this.bagChange(),
      () => this.orderChange(value),
      () => this.docChange(value),
      () => this.schemaChanges.rowChange(value),
    ];
    return random.of(changes)();
  }

  private key(): number {
    return this.random.below(KEYS);
  }

  private itemChange(value: number): string[] {
    const { random } = this;
    const id = this.key();
    const date = random.of(["'2024-02-29'", "'0000-00-00'", 'NULL', "'1999-12-31'"]);
    const note = random.of(["'short'", 'NULL', `REPEAT('long ', ${random.below(60)})`, "''"]);
    const row = `(${id}, ${value}, ${note}, ${date}, ${value}.25)`;
    const columns = '(id, v, note, d, amount)';
    return random.of([
      [`INSERT IGNORE INTO items ${columns} VALUES ${row}`],
      [`REPLACE INTO items ${columns} VALUES ${row}`],
      [`INSERT INTO items ${columns} VALUES ${row} ON DUPLICATE KEY UPDATE v = ${value}, d = NULL`],
      [`UPDATE items SET v = ${value}, note = ${note}, d = ${date} WHERE id = ${id}`],
      [`UPDATE items SET v = ${value} WHERE id % 7 = ${id % 7} ORDER BY id`],
      [`DELETE FROM items WHERE id = ${id}`],
      [
        `DELETE FROM items WHERE id = ${id}`,
        `INSERT INTO items ${columns} VALUES ${row}`,
        `UPDATE items SET amount = -1 WHERE id = ${id}`,
      ],
      [`INSERT IGNORE INTO items ${columns} VALUES ${row}`, `DELETE FROM items WHERE id = ${id}`],
    ]);
  }

  private keyChange(): string[] {
    const one = this.key();
    const other = this.key();
    if (this.random.chance(0.5)) {
      return [`UPDATE IGNORE items SET id = ${other} WHERE id = ${one}`];
    }
    return [
      `UPDATE items SET id = ${PASSING_KEY} WHERE id = ${one}`,
      `UPDATE items SET id = ${one} WHERE id = ${other}`,
      `UPDATE items SET id = ${other} WHERE id = ${PASSING_KEY}`,
    ];
  }

  private pairChange(value: number): string[] {
    const { random } = this;
    const a = random.of(TEXT_KEYS);
    const b = random.below(3);
    return random.of([
      [`INSERT IGNORE INTO pairs VALUES (${a}, ${b}, ${value})`],
      [`REPLACE INTO pairs VALUES (${a}, ${b}, ${value})`],
      // Equal by the collation, another text.
      [`UPDATE IGNORE pairs SET a = ${random.of(TEXT_KEYS)}, v = ${value} WHERE a = ${a}`],
      [`DELETE FROM pairs WHERE a = ${a} AND b = ${b}`],
    ]);
  }

  private bagChange(): string[] {
    const { random } = this;
    const v = random.below(4);
    const text = random.of(["'x'", "'y'", 'NULL']);
    return random.of([
      [`INSERT INTO bag VALUES (${v}, ${text})`],
      [`INSERT INTO bag VALUES (${v}, ${text}), (${v}, ${text})`],
      [`DELETE FROM bag WHERE v = ${v} LIMIT ${1 + random.below(2)}`],
      [`UPDATE bag SET t = ${text} WHERE v = ${v} LIMIT 1`],
      [`UPDATE bag SET v = ${random.below(4)} WHERE v = ${v} LIMIT 2`],
    ]);
  }

  private orderChange(value: number): string[] {
    const { random } = this;
    const id = this.key();
    if (random.chance(0.2)) {
      return [
        `DELETE FROM order_lines WHERE order_id = ${id}`,
        `DELETE FROM orders WHERE id = ${id}`,
      ];
    }
    const line = random.below(5);
    return [
      `INSERT IGNORE INTO orders VALUES (${id}, 0)`,
      `REPLACE INTO order_lines VALUES (${id}, ${line}, ${value})`,
      `UPDATE orders SET total = (SELECT SUM(amount) FROM order_lines WHERE order_id = ${id})
        WHERE id = ${id}`,
    ];
  }

  private docChange(value: number): string[] {
    const { random } = this;
    const id = random.below(8);
    const doc = `'{"n": ${value}, "list": [1, 2.5, "é", null, true], "o": {"k": "v"}}'`;
    const change =
      this.flavour === 'mysql' && random.chance(0.5)
        ? `UPDATE docs SET doc = JSON_SET(doc, '$.n', ${value}) WHERE id = ${id}`
        : `UPDATE docs SET bytes = UNHEX(SHA2(${value}, 256)) WHERE id = ${id}`;
    return random.of([
      [`REPLACE INTO docs VALUES (${id}, ${doc}, REPEAT('x', ${random.below(20_000)}), x'00ff')`],
      [change],
      [`DELETE FROM docs WHERE id = ${id}`],
    ]);
  }
}
