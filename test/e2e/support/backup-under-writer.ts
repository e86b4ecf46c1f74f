import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import type { Flavour } from '../../servers/test-server.js';
import { assertFailedClearly } from './clear-message.js';
import { assertWhole, KeptSource, streamFileTime, streamGtids } from './kept-source.js';
import { RunningService } from './running-service.js';
import { assertSameReplica } from './same-replica.js';

/** A backup under a writer restores to exactly its manifest's position, and streams on to equality. */
export async function backUpUnderWriter(flavour: Flavour): Promise<void> {
  await using kept = await KeptSource.open(flavour);
  const { source, transfers, service } = kept;
  await transfers.until(20);
  // The service has no key, and what this command asks for must not come to be open.
  const sealed = ['backup', kept.file('backups'), '--json'];
  assertFailedClearly(await kept.run(sealed, { BACKUP_ENCRYPTION_KEY: 'ab'.repeat(32) }), {
    exitCode: 2,
    code: 'configuration',
    message: /^the running service has no BACKUP_ENCRYPTION_KEY/,
    hint: /set it there/,
  });
  const taken = await kept.backup(kept.file('backups'));
  assert.ok(taken.position?.gtidSet);
  await transfers.until(20);
  await source.run('INSERT INTO keyless VALUES (1, NULL), (3, NULL)');

  const restoredPath = kept.file('restored.duckdb');
  const restored = await kept.restore(taken.backup, restoredPath);
  assert.deepEqual([restored.rows, restored.position], [taken.rows, taken.position]);
  assert.equal(await streamGtids(restoredPath), taken.position.gtidSet);
  // By which a source is known that was restored itself.
  assert.ok(taken.position.fileTime);
  assert.equal(await streamFileTime(restoredPath), taken.position.fileTime);
  const then = await assertWhole(restoredPath);
  assert.ok(then >= 20, `${then} transfers`);

  // Both follow the source, each as a replica of its own.
  await using other = await RunningService.start(source, restoredPath);
  await transfers.until(20);
  const written = await transfers.stop();
  await other.caughtUp();
  await service.caughtUp();
  for (const running of [other, service]) await running.stop();
  await assertSameReplica(source, restoredPath);
  assert.equal(await assertWhole(restoredPath), written);
  await assertSameReplica(source, kept.duckdbPath);
  // Nothing is left beside the replicas.
  const left = (await readdir(kept.folder.path)).sort();
  assert.deepEqual(left, ['backups', 'replica.duckdb', 'restored.duckdb']);
}
