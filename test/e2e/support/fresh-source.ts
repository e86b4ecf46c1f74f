import { randomBytes } from 'node:crypto';
import mysql from 'mysql2/promise';
import { queryTexts, type TextRow } from '../../helpers/test-source.js';
import type { Flavour, TestServer } from '../../servers/test-server.js';
import type { SourceAccess } from './source-position.js';

/**
 * A database of a server that comes and goes: every call has a connection of its own. It stays until
 * its server is disposed of.
 */
export class FreshSource implements SourceAccess {
  private constructor(
    private readonly server: TestServer,
    readonly database: string,
  ) {}

  static async create(server: TestServer): Promise<FreshSource> {
    const database = `ducktail_test_${randomBytes(4).toString('hex')}`;
    const connection = await mysql.createConnection({ uri: server.url });
    try {
      await connection.query(`CREATE DATABASE ${database} CHARACTER SET utf8mb4`);
    } finally {
      connection.destroy();
    }
    return new FreshSource(server, database);
  }

  /** A database that is there already, or will be. */
  static at(server: TestServer, database: string): FreshSource {
    return new FreshSource(server, database);
  }

  get flavour(): Flavour {
    return this.server.flavour;
  }

  get url(): string {
    return `${this.server.url}/${this.database}`;
  }

  /** Runs statements one after the other in one session. */
  run(...statements: readonly string[]): Promise<void> {
    return this.use(async (connection) => {
      for (const statement of statements) await connection.query(statement);
    });
  }

  texts(sql: string): Promise<TextRow[]> {
    return this.use((connection) => queryTexts(connection, sql));
  }

  private async use<T>(work: (connection: mysql.Connection) => Promise<T>): Promise<T> {
    const connection = await mysql.createConnection({ uri: this.url, charset: 'utf8mb4' });
    connection.on('error', () => undefined);
    try {
      return await work(connection);
    } finally {
      connection.destroy();
    }
  }
}
