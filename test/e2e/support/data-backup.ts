import assert from 'node:assert/strict';
import { constants, cp, rm } from 'node:fs/promises';
import type { TestServer } from '../../servers/test-server.js';

/** A copy of all that a stopped server keeps, its binlog and its identity too. */
export class DataBackup {
  private constructor(
    private readonly server: TestServer,
    private readonly dataFolder: string,
    private readonly copy: string,
  ) {}

  /** Of a server that is not running; into a folder that is not there yet. */
  static async take(server: TestServer, copy: string): Promise<DataBackup> {
    const { dataFolder } = server;
    assert.ok(dataFolder !== null, `a server of '${server.origin}' keeps its data elsewhere`);
    await copyFolder(dataFolder, copy);
    return new DataBackup(server, dataFolder, copy);
  }

  /** Whatever the server has done since is gone; it is killed for that, and runs again behind it. */
  async restore(): Promise<void> {
    await this.server.kill();
    await rm(this.dataFolder, { recursive: true });
    await copyFolder(this.copy, this.dataFolder);
    await this.server.start();
  }
}

function copyFolder(from: string, to: string): Promise<void> {
  return cp(from, to, { recursive: true, mode: constants.COPYFILE_FICLONE });
}
