import assert from 'node:assert/strict';
import test from 'node:test';
import { runDucktail } from '../helpers/ducktail.js';
import { TempFolder } from '../helpers/temp-folder.js';
import { openTestServer } from '../servers/test-server.js';
import { DataBackup } from './support/data-backup.js';
import { FreshSource } from './support/fresh-source.js';
import { RunningService } from './support/running-service.js';
import { assertSameReplica } from './support/same-replica.js';

test('a restored replica notices that the source was restored, too', async () => {
  await using server = await openTestServer('mysql', { ignoreUrl: true });
  await using folder = await TempFolder.open();
  const duckdbPath = folder.file('replica.duckdb');
  const source = await FreshSource.create(server);
  await source.run('CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(9))');
  const write = async (transactions: number, v: string): Promise<void> => {
    for (let i = 0; i < transactions; i++) await source.run(`INSERT INTO t (v) VALUES ('${v}')`);
  };
  await write(3, 'first');
  await server.stop();
  const data = await DataBackup.take(server, folder.file('data'));
  await server.start();
  await using service = await RunningService.start(source, duckdbPath);
  await write(5, 'lost');
  await service.caughtUp();
  await service.stop();
  const taken = await runDucktail(['backup', folder.file('backups')], { DUCKDB_PATH: duckdbPath });
  assert.equal(taken.exitCode, 0, taken.stderr);

  // Under the numbers of the lost transactions the source now has others.
  await data.restore();
  await write(8, 'other');
  const restoredPath = folder.file('restored.duckdb');
  const env = { DUCKDB_PATH: restoredPath };
  const restored = await runDucktail(['restore', folder.file('backups')], env);
  assert.equal(restored.exitCode, 0, restored.stderr);
  await using other = await RunningService.start(source, restoredPath);
  await other.caughtUp();
  assert.match(other.said, /copying all tables again/);
  await other.stop();
  await assertSameReplica(source, restoredPath);
});
