import assert from 'node:assert/strict';
import type { TestServer } from '../../servers/test-server.js';
import { FreshSource } from './fresh-source.js';

/** A server that replicates from another one. */
export class FollowingServer {
  private constructor(
    readonly source: FreshSource,
    /** The database may not have come yet. */
    private readonly admin: FreshSource,
  ) {}

  static async follow(
    server: TestServer,
    from: TestServer,
    database: string,
  ): Promise<FollowingServer> {
    const source = FreshSource.at(server, database);
    const { hostname, port } = new URL(from.url);
    const following = new FollowingServer(source, FreshSource.at(server, 'mysql'));
    await following.admin.run(
      server.flavour === 'mysql' ? 'RESET BINARY LOGS AND GTIDS' : 'RESET MASTER',
      server.flavour === 'mysql'
        ? `CHANGE REPLICATION SOURCE TO SOURCE_HOST = '${hostname}', SOURCE_PORT = ${port},
             SOURCE_USER = 'root', SOURCE_AUTO_POSITION = 1`
        : `CHANGE MASTER TO MASTER_HOST = '${hostname}', MASTER_PORT = ${port},
             MASTER_USER = 'root', MASTER_USE_GTID = slave_pos`,
      server.flavour === 'mysql' ? 'START REPLICA' : 'START SLAVE',
    );
    return following;
  }

  async waitFor(gtids: string): Promise<void> {
    const wait =
      this.admin.flavour === 'mysql'
        ? `SELECT WAIT_FOR_EXECUTED_GTID_SET('${gtids}', 30)`
        : `SELECT MASTER_GTID_WAIT('${gtids}', 30)`;
    assert.deepEqual(await this.admin.texts(wait), [['0']]);
  }

  pause(): Promise<void> {
    return this.admin.run(this.admin.flavour === 'mysql' ? 'STOP REPLICA' : 'STOP SLAVE');
  }

  resume(): Promise<void> {
    return this.admin.run(this.admin.flavour === 'mysql' ? 'START REPLICA' : 'START SLAVE');
  }

  /** It takes no more from the other server, and has what is to be written from now on. */
  promote(): Promise<void> {
    return this.admin.run(
      ...(this.admin.flavour === 'mysql'
        ? ['STOP REPLICA', 'RESET REPLICA ALL']
        : ['STOP SLAVE', 'RESET SLAVE ALL']),
    );
  }
}
