import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { parseMysqlUrl } from '../../config/mysql-url.js';
import type { MysqlEndpoint } from '../../src/model/mysql-endpoint.js';
import type { TestSource } from '../helpers/test-source.js';

const PASSWORD = 'pass word';

export function endpointOf(url: string): MysqlEndpoint {
  const { endpoint } = parseMysqlUrl(url);
  assert.ok(endpoint !== null);
  return endpoint;
}

/** An account of the test's own on the source's server, with the grants only. */
export class TestAccount implements AsyncDisposable {
  readonly user = `pf_${randomBytes(6).toString('hex')}`;
  readonly account = `'${this.user}'@'%'`;
  readonly role = `${this.user}_r`;

  private constructor(private readonly source: TestSource) {}

  static async open(source: TestSource, grants: readonly string[]): Promise<TestAccount> {
    const account = new TestAccount(source);
    await source.run(`CREATE USER ${account.account} IDENTIFIED BY '${PASSWORD}'`);
    await source.run(...grants.map((grant) => `GRANT ${grant} TO ${account.account}`));
    return account;
  }

  /** Gives the grants to a role, and the role to the account, active at login. */
  async grantByRole(...grants: readonly string[]): Promise<void> {
    const { role, account } = this;
    const link = this.source.flavour === 'mysql' ? 'TO' : 'FOR';
    await this.source.run(
      `CREATE ROLE ${role}`,
      ...grants.map((grant) => `GRANT ${grant} TO ${role}`),
      `GRANT ${role} TO ${account}`,
      `SET DEFAULT ROLE ${role} ${link} ${account}`,
    );
  }

  get endpoint(): MysqlEndpoint {
    return { ...endpointOf(this.source.url), user: this.user, password: PASSWORD };
  }

  /** What `MYSQL_URL` takes. */
  get url(): string {
    const url = new URL(this.source.url);
    url.username = this.user;
    url.password = PASSWORD;
    return url.href;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.source.run(`DROP USER ${this.account}`, `DROP ROLE IF EXISTS ${this.role}`);
  }
}
