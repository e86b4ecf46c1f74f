import assert from 'node:assert/strict';
import test from 'node:test';
import { backUpUnderWriter } from './support/backup-under-writer.js';
import { KeptSource, streamGtids } from './support/kept-source.js';
import { RunningService } from './support/running-service.js';
import { assertSameReplica } from './support/same-replica.js';

test('a backup under a writer restores to its position and streams on', () =>
  backUpUnderWriter('mysql'));

test('a replica that no service has is backed up by the command itself', async () => {
  await using kept = await KeptSource.open('mysql');
  await kept.transfers.until(10);
  await kept.service.caughtUp();
  await kept.service.stop();
  const at = await streamGtids(kept.duckdbPath);
  const taken = await kept.backup(kept.file('backups'));
  assert.equal(taken.position?.gtidSet, at);
  // Named by their folder, the newest of them is meant.
  const again = await kept.backup(kept.file('backups'));
  const restoredPath = kept.file('restored.duckdb');
  const restored = await kept.restore(kept.file('backups'), restoredPath);
  assert.equal(restored.backup, again.backup);
  await using other = await RunningService.start(kept.source, restoredPath);
  await kept.transfers.stop();
  await other.caughtUp();
  await other.stop();
  await assertSameReplica(kept.source, restoredPath);
});
