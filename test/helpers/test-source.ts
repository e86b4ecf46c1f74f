import { isUtf8 } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import mysql from 'mysql2/promise';
import { type Flavour, openTestServer, type TestServer } from '../servers/test-server.js';

export type TextRow = (string | null)[];

/** A query's rows as the texts that the server prints; bytes that are no text as `0x…`. */
export async function queryTexts(connection: mysql.Connection, sql: string): Promise<TextRow[]> {
  const [rows] = await connection.query<mysql.RowDataPacket[][]>({
    sql,
    rowsAsArray: true,
    typeCast: (field) => {
      const bytes = field.buffer();
      if (bytes === null) return null;
      return isUtf8(bytes) ? bytes.toString('utf8') : `0x${bytes.toString('hex')}`;
    },
  });
  return rows as unknown as TextRow[];
}

/** Servers that the tests of one file share; they end with the process. */
const sharedServers = new Map<Flavour, Promise<TestServer>>();

function sharedTestServer(flavour: Flavour): Promise<TestServer> {
  let server = sharedServers.get(flavour);
  if (server === undefined) {
    server = openTestServer(flavour);
    sharedServers.set(flavour, server);
  }
  return server;
}

/**
 * A source database with a name of its own on a shared server (or on `server`), dropped at the end.
 * Its connection takes everything that some client once managed to store: no strict mode, invalid
 * dates allowed, UTC.
 */
export class TestSource implements AsyncDisposable {
  private constructor(
    readonly flavour: Flavour,
    readonly database: string,
    /** The server's URL, without a database. */
    readonly serverUrl: string,
    private readonly connection: mysql.Connection,
  ) {}

  static async open(flavour: Flavour, server?: TestServer): Promise<TestSource> {
    const { url } = server ?? (await sharedTestServer(flavour));
    const database = `ducktail_test_${process.pid}_${randomBytes(4).toString('hex')}`;
    const connection = await mysql.createConnection({ uri: url, charset: 'utf8mb4' });
    // A killed server shows up in the next statement.
    connection.on('error', () => undefined);
    await connection.query("SET SESSION sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+00:00'");
    await connection.query(`CREATE DATABASE ${database} CHARACTER SET utf8mb4`);
    await connection.query(`USE ${database}`);
    return new TestSource(flavour, database, url, connection);
  }

  /** What `MYSQL_URL` takes. */
  get url(): string {
    return `${this.serverUrl}/${this.database}`;
  }

  /** Runs statements one after the other. */
  async run(...statements: readonly string[]): Promise<void> {
    for (const statement of statements) {
      try {
        await this.connection.query(statement);
      } catch (error) {
        throw new Error(`${(error as Error).message} in: ${statement.slice(0, 500)}`, {
          cause: error,
        });
      }
    }
  }

  texts(sql: string): Promise<TextRow[]> {
    return queryTexts(this.connection, sql);
  }

  /** Makes the table `numbers(n)` with 0 to `count` - 1, for INSERT … SELECT. */
  async addNumbers(count: number): Promise<void> {
    await this.run(
      'CREATE TABLE numbers (n INT NOT NULL PRIMARY KEY)',
      'INSERT INTO numbers VALUES (0)',
    );
    for (let have = 1; have < count; have *= 2) {
      const limit = Math.min(have, count - have);
      await this.run(`INSERT INTO numbers SELECT n + ${have} FROM numbers WHERE n < ${limit}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.connection.query(`DROP DATABASE IF EXISTS ${this.database}`);
    } finally {
      this.connection.destroy();
    }
  }
}
